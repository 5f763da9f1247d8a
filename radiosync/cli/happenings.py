"""What a gateway tells, in words and in JSON."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Final

from radiosync.cli.output import Mark, Output
from radiosync.cli.progress import Meter, Sending
from radiosync.cli.words import count, iso_time, size, span
from radiosync.gateway.control import event_name
from radiosync.gateway.report import (
    CallPlanned,
    ContactFinished,
    ContactProgress,
    ContactStarted,
    GatewayEvent,
    LinkDown,
    LinkUp,
    PartnerAnswered,
    StrangerCalled,
)
from radiosync.messages import received_notice

ENDS: Final[Mapping[str, str]] = {
    "in-step": "in step",
    "changes-wait": "some changes still wait here",
    "no-answer": "no answer",
    "link-dropped": "the link ended early; what arrived is kept",
    "contact-stopped": "ended from here",
    "contact-cancelled": "cancelled here; what is not confirmed waits",
    "port-missing": "the modem was unplugged",
    "port-denied": "the port may not be opened",
    "port-held": "another program took the port",
    "port-unusable": "the port was lost",
}
"""How a contact ended, by the id of its message, in a few words."""

_CHUNK_WORDS: Final = {
    "pieces": "chunks",
    "pieces_there": "chunks_confirmed",
    "bytes_total": "bytes",
    "bytes_there": "bytes_confirmed",
    "more": "more_waits",
}
"""People read "chunk" for what the code calls a piece."""


def as_json(value: object) -> object:
    """A value of the gateway's reports for JSON: instants as text, and the words that people know."""
    match value:
        case Mapping():
            return {_CHUNK_WORDS.get(name, name): _field_as_json(name, each) for name, each in value.items()}
        case list() | tuple():
            return [as_json(each) for each in value]
        case float():
            return round(value, 1)
        case _:
            return value


def reading_of(progress: ContactProgress) -> Sending:
    """A contact's progress as it is shown."""
    return Sending(
        partner=progress.partner,
        link=progress.link,
        bytes_there=progress.bytes_there,
        bytes_total=progress.bytes_total,
        chunks_there=progress.pieces_there,
        chunks=progress.pieces,
        left_s=progress.left_s,
        overs=progress.overs,
        more=progress.more,
        bytes_heard=progress.bytes_in,
    )


class Teller:
    """Tells events as they come: progress by a meter, all else in a line of its own."""

    def __init__(self, out: Output, meter: Meter) -> None:
        self._out, self._meter = out, meter

    def tell(self, event: GatewayEvent) -> None:
        """Tell one event."""
        if isinstance(event, ContactProgress):
            self._meter.report(reading_of(event))
            return
        self._meter.clear()
        if isinstance(event, ContactFinished):
            self._meter.finish()
        fields = as_json(asdict(event))
        assert isinstance(fields, dict)
        self._out.event("event", event=event_name(event), **fields)
        self._out.say(*event_words(event))


def event_words(event: GatewayEvent) -> tuple[str, Mark | None]:
    """One line about an event."""
    match event:
        case LinkUp():
            return f"Link {event.link} is up.", Mark.OK
        case LinkDown():
            told = received_notice(event.message, event.values)
            why = told.happened if told is not None else event.message
            return f"Link {event.link} is down. {why} Tried again in {span(event.retry_s)}.", Mark.FAIL
        case ContactStarted(called=True):
            return f"{event.partner} calls over {event.link}.", None
        case ContactStarted():
            return f"Calling {event.partner} over {event.link}.", None
        case PartnerAnswered():
            return f"{event.partner} is heard.", None
        case ContactProgress():
            return reading_of(event).words(), None
        case ContactFinished():
            return _finished_words(event)
        case CallPlanned():
            wait = span(event.wait_s)
            return f"{event.partner} is called again in {wait} ({event.attempt} of {event.attempts}).", None
        case StrangerCalled():
            return (
                f"A station that is no partner called over {event.link}: {event.station}. No answer was sent.",
                None,
            )


def _finished_words(event: ContactFinished) -> tuple[str, Mark]:
    progress = event.progress
    on_air = f"{size(progress.bytes_out)} sent, {size(progress.bytes_in)} heard, {span(progress.elapsed_s)}"
    mark = Mark.OK if event.message == "in-step" else Mark.WAIT
    how = ENDS.get(event.message, event.message)
    return (
        f"Contact with {event.partner} over {event.link}: {how}. {on_air}, {count(progress.overs, 'over')}.",
        mark,
    )


def _field_as_json(name: str, value: object) -> object:
    if name.endswith("_at") and isinstance(value, int):
        return iso_time(value)
    return as_json(value)
