"""The event loop that lives in a world."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from radiosync_sim.errors import DeadlockError, LivelockError
from radiosync_sim.loop import run
from radiosync_sim.world import World

DAY_S = 86_400


def now() -> float:
    return asyncio.get_running_loop().time()


def test_a_month_passes_in_no_time() -> None:
    async def main() -> float:
        await asyncio.sleep(30 * DAY_S)
        return now()

    began_at = time.monotonic()
    assert run(World(1), main()) == 30 * DAY_S
    assert time.monotonic() - began_at < 1


def test_sleepers_wake_in_order() -> None:
    seen: list[tuple[float, str]] = []

    async def sleeper(name: str, *naps_s: float) -> None:
        for nap_s in naps_s:
            await asyncio.sleep(nap_s)
            seen.append((now(), name))

    async def main() -> None:
        await asyncio.gather(sleeper("a", 1, 1, 1), sleeper("b", 1.5, 0.5), sleeper("c", 2.5))

    run(World(1), main())
    assert seen == [(1, "a"), (1.5, "b"), (2, "a"), (2, "b"), (2.5, "c"), (3, "a")]


def test_timers_and_events_of_the_world_share_one_order() -> None:
    world, seen = World(1), []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        world.call_at(2, lambda: seen.append(("world", now())))
        loop.call_at(1, lambda: seen.append(("timer", now())))
        loop.call_later(3, lambda: seen.append(("timer", now())))
        world.call_later(2.5, lambda: seen.append(("world", now())))
        await asyncio.sleep(10)

    run(world, main())
    assert seen == [("timer", 1), ("world", 2), ("world", 2.5), ("timer", 3)]


def test_an_event_of_the_world_wakes_a_task() -> None:
    world = World(1)

    async def main() -> float:
        arrived = asyncio.Event()
        world.call_at(7, arrived.set)
        async with asyncio.timeout(8):
            await arrived.wait()
        return now()

    assert run(world, main()) == 7


def test_a_time_out_fires_at_its_instant() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3600):
                await asyncio.Event().wait()
        return now()

    assert run(World(1), main()) == 3600


def test_a_cancelled_timer_does_not_run_wherever_it_waits() -> None:
    world, seen = World(1), list[str]()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        waiting = loop.call_later(1, seen.append, "in the world")
        waiting.cancel()
        ready = loop.call_later(1, seen.append, "in the loop")
        loop.call_later(1, seen.append, "kept")
        world.step()
        ready.cancel()
        await asyncio.sleep(2)

    run(world, main())
    assert seen == ["kept"]


def test_time_stands_still_while_a_thread_is_busy() -> None:
    async def main() -> tuple[float, str]:
        ticks = asyncio.create_task(asyncio.sleep(1000))
        async with asyncio.timeout(0.001):
            await asyncio.to_thread(time.sleep, 0.1)
        stood_at = now()
        await ticks
        return stood_at, "done"

    assert run(World(1), main()) == (0, "done")


def test_an_executor_of_ones_own_keeps_its_thread() -> None:
    async def main() -> set[int]:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1) as one:
            return {await loop.run_in_executor(one, threading.get_ident) for _ in range(5)}

    idents = run(World(1), main())
    assert len(idents) == 1
    assert threading.get_ident() not in idents


def test_what_a_thread_raises_arrives() -> None:
    async def main() -> None:
        await asyncio.to_thread(int, "no number")

    with pytest.raises(ValueError, match="no number"):
        run(World(1), main())


def test_results_come_back_in_the_order_of_the_work() -> None:
    """The first job takes longest in real time; the trace does not show it."""
    seen: list[int] = []

    async def job(number: int, naps_s: float) -> None:
        await asyncio.to_thread(time.sleep, naps_s)
        seen.append(number)

    async def main() -> None:
        await asyncio.gather(job(1, 0.06), job(2, 0.03), job(3, 0))

    run(World(1), main())
    assert seen == [1, 2, 3]


def test_a_cancelled_wait_for_a_thread() -> None:
    async def main() -> float:
        task = asyncio.create_task(asyncio.to_thread(time.sleep, 0.05))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(5)
        return now()

    assert run(World(1), main()) == 5


def test_a_thread_may_call_into_the_loop() -> None:
    async def main() -> list[float]:
        loop, seen = asyncio.get_running_loop(), list[float]()

        def work() -> None:
            for _ in range(3):
                asyncio.run_coroutine_threadsafe(note(), loop).result(5)

        async def note() -> None:
            seen.append(now())

        await asyncio.to_thread(work)
        return seen

    assert run(World(1), main()) == [0, 0, 0]


def trace(seed: int, nap: Callable[[], float]) -> list[tuple[float, str]]:
    """Tasks that sleep, spin and use threads, in a world with dice; `nap` makes threads slow at random."""
    world, seen = World(seed), []

    async def worker(name: str) -> None:
        dice = world.random(name)
        for _ in range(15):
            await asyncio.sleep(dice.random())
            await asyncio.to_thread(time.sleep, nap())
            seen.append((now(), name))

    async def spinner() -> None:
        for _ in range(15):
            await asyncio.sleep(0.5)
            for _ in range(20):
                await asyncio.sleep(0)
                seen.append((now(), "spin"))

    async def main() -> None:
        await asyncio.gather(worker("a"), worker("b"), worker("c"), spinner())

    run(world, main())
    return seen


def test_same_seed_same_trace_whatever_threads_do() -> None:
    luck = World(99).random("luck")
    quick = trace(4, lambda: 0)
    assert trace(4, lambda: luck.random() / 100) == quick
    assert trace(5, lambda: 0) != quick


def test_a_deadlock_is_named() -> None:
    async def main() -> None:
        await asyncio.sleep(2)
        await asyncio.Event().wait()

    with pytest.raises(DeadlockError, match=r"nothing is scheduled.*2\.000 s, seed 3"):
        run(World(3), main())


def test_tasks_that_spin_are_a_livelock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("radiosync_sim.loop.BUSY_ROUNDS", 1000)

    ended = []

    async def main() -> None:
        try:
            while True:
                await asyncio.sleep(0)
        finally:
            ended.append("in order")

    with pytest.raises(LivelockError, match="time stands still"):
        run(World(1), main())
    assert ended == ["in order"]


def test_long_work_is_no_livelock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("radiosync_sim.loop.BUSY_ROUNDS", 1000)

    async def main() -> float:
        for _ in range(5000):
            await asyncio.sleep(1)
        return now()

    assert run(World(1), main()) == 5000


def test_the_bound_on_steps_holds_for_timers() -> None:
    async def main() -> None:
        while True:
            await asyncio.sleep(1)

    with pytest.raises(LivelockError, match="50 steps"):
        run(World(1, max_steps=50), main())


def test_nothing_runs_on_a_closed_loop() -> None:
    async def main() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    loop = run(World(1), main())
    with pytest.raises(RuntimeError):
        loop.call_later(1, print)
    with pytest.raises(RuntimeError):
        loop.run_in_executor(None, print)


def test_time_goes_on_from_one_run_to_the_next() -> None:
    """A gateway that is killed and started again lives in the same world."""
    world = World(1)
    run(world, asyncio.sleep(5))
    run(world, asyncio.sleep(5))
    assert world.now == 10
