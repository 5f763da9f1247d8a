"""One thread that runs what blocks, for callers that live in an event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Worker:
    """Runs functions one after the other, in the order in which they were given, in a thread of its own.

    Meant for the store: its methods never run side by side, and the event loop never waits for the disk.
    """

    def __init__(self, name: str = "radiosync-store") -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def run(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `function` in the thread and give back what it returns or raises.

        A caller that is cancelled stops waiting. The function still runs to its end, so that it is done or has not begun.
        """
        call = partial(function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._executor, call)

    async def close(self) -> None:
        """Take nothing more, and wait until everything that was given has run."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self._executor.shutdown)
