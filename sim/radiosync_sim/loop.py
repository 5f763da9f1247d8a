"""An asyncio event loop that lives in a `World`: whole gateways run in virtual time, and the same way each
time.

Timers are events of the world, so they and the radios share one order. When no callback is ready, the world
makes its next step instead of anybody sleeping. Work in threads is the danger: the loop of a patched clock
sees nothing to do, jumps ahead, and a time-out fires by luck. This loop stands still while a worker thread
is busy, and hands results back at fixed points: only when nothing else is ready, and in the order in which
the work was given out.
"""

import asyncio
import selectors
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextvars import Context
from functools import partial
from typing import Final, TypeVar, TypeVarTuple

from radiosync_sim.errors import DeadlockError, LivelockError
from radiosync_sim.world import Event, World

_Ts = TypeVarTuple("_Ts")
_T = TypeVar("_T")

BUSY_ROUNDS: Final = 1_000_000
"""Rounds of the loop at one instant. More means that something waits by spinning, and time would never
move."""


def run(world: World, main: Coroutine[object, object, _T]) -> _T:
    """Run a coroutine to its end on a new `VirtualLoop`, as `asyncio.run` does on a real one.

    Raises:
        DeadlockError: it waits for something that nothing is going to bring.
        LivelockError: the world's bound on steps was reached, or time stands still under endless work.
    """
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(world)) as runner:
        return runner.run(main)


class VirtualLoop(asyncio.SelectorEventLoop):
    """`loop.time()` is `world.now`; sleeping costs nothing.

    Threads must be started through `run_in_executor` or `asyncio.to_thread`: the loop cannot see any
    others. It has no real sockets, processes or signals to offer: their events would come at an instant
    that luck decides.
    """

    def __init__(self, world: World) -> None:
        self._world: Final = world
        self._jobs: deque[_Job] = deque()
        self._threads: ThreadPoolExecutor | None = None
        super().__init__(_WorldSelector(self._idle))

    def time(self) -> float:
        """Virtual seconds since the world began."""
        return self._world.now

    def call_later(
        self,
        delay: float,
        callback: Callable[[*_Ts], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Call back after `delay` virtual seconds."""
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[*_Ts], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Call back at the instant `when`, in one order with all other events of the world."""
        self._refuse_if_closed()
        timer = _Timer(when, callback, args, self, context)
        ready = partial(self.call_soon, callback, *args, context=context)
        timer.event = self._world.call_at(when, lambda: timer.fire(ready))
        return timer

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*_Ts], _T], *args: *_Ts
    ) -> asyncio.Future[_T]:
        """Run `func` in a thread. Virtual time stands still until it has ended and its result was handed
        out."""
        self._refuse_if_closed()
        work = (executor or self._default_threads()).submit(func, *args)
        result: asyncio.Future[_T] = self.create_future()
        self._jobs.append(_Job(work, partial(_copy_outcome, work, result)))
        work.add_done_callback(self._wake_up)
        return result

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Wait for the threads of the default executor. They never run longer than the loop stands still."""
        if self._threads is not None:
            self._threads.shutdown()

    # idle

    def _idle(self) -> bool:
        """Nothing is ready: bring what comes next. False while that is the work of a thread."""
        if self._jobs:
            if not self._jobs[0].work.done():
                return False
            self._jobs.popleft().hand_out()
        elif not self._world.step():
            raise DeadlockError(
                f"nothing is scheduled and no thread is busy at {self._world.now:.3f} s, seed {self._world.seed};"
                " threads must be started with run_in_executor or to_thread"
            )
        return True

    def _default_threads(self) -> ThreadPoolExecutor:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(thread_name_prefix="virtual-loop")
        return self._threads

    def _wake_up(self, work: "Future[_T]") -> None:
        """Called in the worker thread: end the wait in the selector. The result is handed out by `_idle`."""
        if not self.is_closed():
            self.call_soon_threadsafe(int)

    def _refuse_if_closed(self) -> None:
        if self.is_closed():
            raise RuntimeError("Event loop is closed")


class _Job:
    """Work in a thread, and how to hand out what comes of it."""

    __slots__ = ("hand_out", "work")

    def __init__(self, work: "Future[_T]", hand_out: Callable[[], None]) -> None:
        self.work = work
        self.hand_out = hand_out


def _copy_outcome(work: "Future[_T]", result: "asyncio.Future[_T]") -> None:
    if result.cancelled():
        return
    if work.cancelled():
        result.cancel()
    elif (error := work.exception()) is not None:
        result.set_exception(error)
    else:
        result.set_result(work.result())


class _Timer(asyncio.TimerHandle):
    """A timer that waits in the world until it fires, then in the loop until it runs; `cancel` works in
    both."""

    event: Event
    _fired: asyncio.Handle | None = None

    def fire(self, ready: Callable[[], asyncio.Handle]) -> None:
        self._fired = ready()

    def cancel(self) -> None:
        super().cancel()
        self.event.cancel()
        if self._fired is not None:
            self._fired.cancel()


class _WorldSelector(selectors.DefaultSelector):
    """Where a real loop would sleep, ask the world. Only the loop's own wake-up pipe is really waited for."""

    def __init__(self, idle: Callable[[], bool]) -> None:
        super().__init__()
        self._bring_next = idle
        self._rounds = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:  # callbacks are ready
            self._rounds += 1
            if self._rounds > BUSY_ROUNDS:
                self._rounds = 0  # the tasks can still be cancelled in order
                raise LivelockError(
                    f"time stands still: {BUSY_ROUNDS} rounds of the event loop at one instant"
                )
            return super().select(0)
        self._rounds = 0
        return super().select(0) if self._bring_next() else super().select(None)
