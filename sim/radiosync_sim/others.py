"""Strangers on the channel: carriers that say nothing to us and take the air."""

from typing import TYPE_CHECKING, Final

from radiosync_sim.faults import OtherUsers

if TYPE_CHECKING:
    from radiosync_sim.channel import Channel

OTHERS: Final = "others"
"""Their common name on the channel."""

_PERSISTENCE: Final = 0.25
"""Chance to key at once when the channel is free: KISS, section 4, default P of 63."""

_SLOT_S: Final = 0.1
"""Else the wait before they listen again: KISS, section 4, default slot time."""


class Others:
    """Keys and unkeys by chance for as long as the world turns. Those who listen do so as a TNC with KISS's defaults."""

    def __init__(self, channel: "Channel", users: OtherUsers) -> None:
        self._channel, self._users = channel, users
        self._dice = channel.world.random(OTHERS)
        channel.join(OTHERS, None)
        self._pause()

    def _pause(self) -> None:
        self._channel.world.call_later(self._dice.expovariate(1 / self._users.mean_pause_s), self._try_key)

    def _try_key(self) -> None:
        if self._users.listen:
            if self._channel.busy(OTHERS):
                self._channel.when_free(OTHERS, self._try_key)
                return
            if self._dice.random() >= _PERSISTENCE:
                self._channel.world.call_later(_SLOT_S, self._try_key)
                return
        self._channel.key(OTHERS)
        self._channel.world.call_later(self._dice.expovariate(1 / self._users.mean_over_s), self._stop)

    def _stop(self) -> None:
        self._channel.unkey(OTHERS)
        self._pause()
