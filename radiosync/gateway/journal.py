"""What happens on one link, in the words of the gateway's events and of the contact log.

Runs where the station runs, in the store's thread. Knows what is on the air in bytes, which a station does not.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final, assert_never

from radiosync.errors import LocalError, UsageError
from radiosync.gateway.report import (
    ContactFinished,
    ContactProgress,
    ContactStarted,
    GatewayEvent,
    PartnerAnswered,
    StrangerCalled,
)
from radiosync.link.events import (
    ContactEnded,
    Event,
    Outcome,
    PartnerHeard,
    Progress,
    TransferApplied,
    TransferRefused,
    TransfersConfirmed,
)
from radiosync.link.over import Over
from radiosync.ports import Clock
from radiosync.store import Contact, Store
from radiosync.sync.ports import Partner
from radiosync.sync.station import ContactBegan, ContactEvent, StationEvent, StrangerHeard
from radiosync.wire.framing import Framing

MESSAGES: Final = {
    Outcome.COMPLETE: "in-step",
    Outcome.NO_ANSWER: "no-answer",
    Outcome.DROPPED: "link-dropped",
    Outcome.STOPPED: "contact-stopped",
}
"""How a contact ended, as ids of the message catalogue."""


@dataclass(frozen=True, slots=True)
class Loss:
    """The loss of a port.

    Attributes:
        message, values: as in `LinkDown`.
    """

    message: str
    values: Mapping[str, str]


@dataclass(slots=True)
class _OpenContact:
    """A contact that is under way."""

    partner: Partner
    called: bool
    progress: ContactProgress
    began_at: float
    started_at: int
    out_before: int
    in_before: int
    overs: int = 0
    heard: bool = False


class Journal:
    """The contacts of one link.

    Attributes:
        bytes_out, bytes_in: bytes on the air since the gateway began.
        lost: the loss of the port, while it is the reason for which we end a contact.
        cancelled: a person has cancelled the contact.
    """

    def __init__(self, link: str, store: Store, clock: Clock, framing: Framing) -> None:
        self.bytes_out = self.bytes_in = 0
        self.lost: Loss | None = None
        self.cancelled = False
        self._link, self._store, self._clock, self._framing = link, store, clock, framing
        self._last_frame_bytes = 0
        self._contact: _OpenContact | None = None

    @property
    def partner(self) -> Partner | None:
        """With whom there is a contact."""
        return None if self._contact is None else self._contact.partner

    @property
    def progress(self) -> ContactProgress | None:
        """How far the contact has come."""
        return None if self._contact is None else self._counted(self._contact)

    def count_in(self, frame: bytes) -> None:
        """A frame has been heard. To be called before what it brings about is taken."""
        self._last_frame_bytes = self._framing.air_bytes(len(frame))
        self.bytes_in += self._last_frame_bytes

    def count_out(self, over: Over) -> None:
        """An over is going out. To be called before what it brings about is taken, but after what brought it about."""
        if self._contact is not None:
            self._contact.overs += 1
        self.bytes_out += sum(self._framing.air_bytes(len(frame)) for frame in over.frames)

    def take(self, events: Iterable[StationEvent]) -> list[GatewayEvent]:
        """What the station's events mean. Contacts that ended are noted in the store."""
        told: list[GatewayEvent] = []
        for event in events:
            match event:
                case ContactBegan():
                    told.append(self._begin(event))
                case ContactEvent():
                    told.extend(self._note(event.event))
                case StrangerHeard():
                    told.append(StrangerCalled(link=self._link, station=event.station.hex()))
                case _ as never:
                    assert_never(never)
        return told

    def _begin(self, event: ContactBegan) -> GatewayEvent:
        name = event.partner.name
        self.cancelled = False
        self._contact = _OpenContact(
            event.partner,
            event.called,
            ContactProgress(link=self._link, partner=name),
            began_at=self._clock.now(),
            started_at=self._clock.wall_ms(),
            out_before=self.bytes_out,
            in_before=self.bytes_in - (self._last_frame_bytes if event.called else 0),
        )
        return ContactStarted(link=self._link, partner=name, called=event.called)

    def _note(self, event: Event) -> list[GatewayEvent]:
        contact = self._contact
        if contact is None:
            return []
        match event:
            case PartnerHeard():
                contact.heard = True
                return [PartnerAnswered(link=self._link, partner=contact.partner.name)]
            case Progress():
                contact.progress = _updated(contact.progress, event)
                return [self._counted(contact)]
            case TransferApplied():
                contact.progress = replace(contact.progress, received=contact.progress.received + 1)
                return [self._counted(contact)]
            case TransfersConfirmed() | TransferRefused():
                return []
            case ContactEnded():
                return [self._end(contact, event.outcome)]
            case _ as never:
                assert_never(never)

    def _end(self, contact: _OpenContact, outcome: Outcome) -> GatewayEvent:
        self._contact = None
        lost = self.lost if outcome is Outcome.STOPPED else None
        message = MESSAGES[outcome] if lost is None else lost.message
        if self.cancelled and lost is None and outcome is not Outcome.COMPLETE:
            message = "contact-cancelled"
        progress = self._counted(contact)
        entry = Contact(
            contact.started_at, self._clock.wall_ms(), message, progress.bytes_out, progress.bytes_in
        )
        # A line in a log is not worth a gateway: the database may be busy, or the partner removed in mid-contact.
        with suppress(LocalError, UsageError):
            self._store.note_contact(contact.partner, entry)
        return ContactFinished(
            link=self._link,
            partner=contact.partner.name,
            called=contact.called,
            message=message,
            values={} if lost is None else lost.values,
            progress=progress,
            heard=contact.heard,
        )

    def _counted(self, contact: _OpenContact) -> ContactProgress:
        return replace(
            contact.progress,
            overs=contact.overs,
            bytes_out=self.bytes_out - contact.out_before,
            bytes_in=self.bytes_in - contact.in_before,
            elapsed_s=self._clock.now() - contact.began_at,
        )


def _updated(progress: ContactProgress, event: Progress) -> ContactProgress:
    return replace(
        progress,
        pieces=event.pieces,
        pieces_there=event.pieces_there,
        bytes_total=event.bytes_total,
        bytes_there=event.bytes_there,
        more=event.more,
        left_s=event.left_s,
    )
