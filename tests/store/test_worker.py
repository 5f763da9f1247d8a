"""One thread for what blocks."""

import asyncio
import threading

import pytest

from radiosync.store import Worker
from tests.store.stores import open_store, put


async def test_it_gives_back_what_the_function_returns_or_raises() -> None:
    worker = Worker()

    def add(first: int, *, second: int) -> int:
        return first + second

    assert await worker.run(add, 1, second=2) == 3
    with pytest.raises(ZeroDivisionError):
        await worker.run(lambda: 1 // 0)
    assert await worker.run(add, 2, second=2) == 4
    await worker.close()


async def test_all_runs_in_one_other_thread_in_order() -> None:
    worker, seen = Worker("worker"), []

    def note(number: int) -> None:
        seen.append((number, threading.current_thread().name))

    await asyncio.gather(*(worker.run(note, number) for number in range(50)))
    assert [number for number, _ in seen] == list(range(50))
    assert {name for _, name in seen} == {"worker_0"}
    await worker.close()


async def test_the_event_loop_goes_on_meanwhile() -> None:
    worker, go_on = Worker(), threading.Event()
    waiting = asyncio.ensure_future(worker.run(go_on.wait, 5))
    await asyncio.sleep(0)
    go_on.set()
    assert await waiting is True
    await worker.close()


async def test_closing_waits_for_what_was_given_and_takes_nothing_more() -> None:
    worker, begun, go_on, done = Worker(), threading.Event(), threading.Event(), []

    def slow() -> None:
        begun.set()
        go_on.wait(5)
        done.append("slow")

    tasks = [asyncio.ensure_future(worker.run(slow)), asyncio.ensure_future(worker.run(done.append, "next"))]
    await asyncio.to_thread(begun.wait, 5)
    closing = asyncio.ensure_future(worker.close())
    await asyncio.sleep(0)
    assert not closing.done()
    go_on.set()
    await closing
    assert done == ["slow", "next"]
    await asyncio.gather(*tasks)
    with pytest.raises(RuntimeError):
        await worker.run(done.append, "late")
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("radiosync-store")]


async def test_a_caller_that_gives_up_does_not_stop_the_function() -> None:
    worker, begun, go_on, done = Worker(), threading.Event(), threading.Event(), []

    def slow() -> None:
        begun.set()
        go_on.wait(5)
        done.append("all of it")

    task = asyncio.ensure_future(worker.run(slow))
    await asyncio.to_thread(begun.wait, 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go_on.set()
    await worker.close()
    assert done == ["all of it"]


async def test_a_store_can_be_opened_and_used_in_the_worker() -> None:
    worker = Worker()
    store = await worker.run(open_store, "a")
    summary = await worker.run(store.edit, [put(1, x="1")])
    assert summary.added == 1
    assert len(await worker.run(lambda: list(store.records()))) == 1
    await worker.run(store.close)
    await worker.close()
