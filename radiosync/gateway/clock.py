"""The machine's own clocks."""

import time


class SystemClock:
    """Real time. Implements `radiosync.ports.Clock`."""

    def now(self) -> float:
        """Monotonic seconds; asyncio's loops count the same."""
        return time.monotonic()

    def wall_ms(self) -> int:
        """The system's wall clock, in milliseconds since 1970."""
        return time.time_ns() // 1_000_000
