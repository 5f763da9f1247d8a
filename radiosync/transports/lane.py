"""A thread for calls that block: one after the other, and never in the way when the process wants to end."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import TypeAlias, TypeVar

T = TypeVar("T")

_Work: TypeAlias = Callable[[], None]


class Lane:
    """Runs functions in the order in which they were given, in a daemon thread of its own.

    An executor's threads are waited for when Python ends, so that a port which does not let go would keep the process alive.
    """

    def __init__(self, name: str) -> None:
        self._work: SimpleQueue[_Work | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def start(self, function: Callable[[], T]) -> "asyncio.Future[T]":
        """Run `function` in the thread. To be called in an event loop, which is handed the result."""
        done: Future[T] = Future()
        self._work.put(lambda: _settle(done, function))
        return asyncio.wrap_future(done)

    def end(self) -> None:
        """Take nothing more. What was given still runs."""
        self._work.put(None)

    def join(self, timeout_s: float) -> None:
        """Wait, not longer than that, until the thread has ended."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            work()


def _settle(done: "Future[T]", function: Callable[[], T]) -> None:
    if not done.set_running_or_notify_cancel():
        return
    try:
        result = function()
    except BaseException as error:
        done.set_exception(error)
    else:
        done.set_result(result)
