"""What a gateway tells: what happens, what came of a sync, how things stand. Plain values that cross the control socket.

A `message` is always the id of an entry of the message catalogue, and `values` is what that entry wants filled in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

# What happens.


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkUp:
    """A link's port is open."""

    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkDown:
    """A link's port cannot be used.

    Attributes:
        link: name of the link.
        message, values: why: "port-missing", "port-denied", "port-held" or "port-unusable".
        retry_s: seconds until it is tried again.
    """

    link: str
    message: str
    values: Mapping[str, str]
    retry_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactStarted:
    """A contact has begun: we call, or are called.

    Attributes:
        link: over which link.
        partner: with whom.
        called: True if the partner called us.
    """

    link: str
    partner: str
    called: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerAnswered:
    """The partner was heard for the first time in this contact."""

    link: str
    partner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactProgress:
    """How far a contact has come.

    Attributes:
        link: over which link.
        partner: with whom.
        pieces, pieces_there: all pieces of what we have sealed in this contact, and those that the partner has.
        bytes_total, bytes_there: the same in bytes.
        more: True if more waits than is sealed, so that the totals will still grow.
        left_s: about how long the rest takes; None before anything is known.
        overs: overs that we have sent.
        received: batches of the partner that have arrived and were applied.
        bytes_out, bytes_in: bytes on the air in this contact.
        elapsed_s: since the contact began.
    """

    link: str
    partner: str
    pieces: int = 0
    pieces_there: int = 0
    bytes_total: int = 0
    bytes_there: int = 0
    more: bool = False
    left_s: float | None = None
    overs: int = 0
    received: int = 0
    bytes_out: int = 0
    bytes_in: int = 0
    elapsed_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactFinished:
    """A contact is over.

    Attributes:
        link: over which link.
        partner: with whom.
        called: True if the partner called us.
        message, values: "in-step", "no-answer", "link-dropped", "contact-stopped" (we ended it), "contact-cancelled" (a
            person did), or why the port was lost, as in `LinkDown`.
        progress: how far it had come.
        heard: True if the partner was heard at all.
    """

    link: str
    partner: str
    called: bool
    message: str
    values: Mapping[str, str]
    progress: ContactProgress
    heard: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPlanned:
    """A sync is going to call again.

    Attributes:
        link: over which link.
        partner: whom.
        attempt: number of the call that comes, from 1.
        attempts: how many calls without any progress end the sync.
        wait_s: seconds until then.
    """

    link: str
    partner: str
    attempt: int
    attempts: int
    wait_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StrangerCalled:
    """A station that is no partner of ours called us. We stay silent.

    Attributes:
        link: over which link.
        station: the first bytes of its identity, in hexadecimal.
    """

    link: str
    station: str


GatewayEvent: TypeAlias = (
    LinkUp
    | LinkDown
    | ContactStarted
    | PartnerAnswered
    | ContactProgress
    | ContactFinished
    | CallPlanned
    | StrangerCalled
)

EVENT_NAMES: Final[Mapping[str, type[GatewayEvent]]] = {
    "link-up": LinkUp,
    "link-down": LinkDown,
    "contact-started": ContactStarted,
    "partner-answered": PartnerAnswered,
    "contact-progress": ContactProgress,
    "contact-finished": ContactFinished,
    "call-planned": CallPlanned,
    "stranger-called": StrangerCalled,
}
"""What each kind of event is called in JSON."""


# What came of a sync.


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncResult:
    """What came of one sync.

    Attributes:
        partner: with whom.
        link: over which link.
        message: "in-step": the partner has confirmed all, and we have all of it. Else why not: "no-answer", "link-dropped",
            "contact-stopped", "contact-cancelled", "on-hold" (all but what a person holds back), or one of the port's.
        values: what that message wants filled in.
        exit_code: what a command ends with: 0, 4 (kept, goes on), 11 (port) or 20 (no answer).
        calls: contacts that were tried.
        changes_confirmed: changes of ours that the partner has confirmed in this sync.
        changes_received: changes of the partner's that were applied in this sync.
        changes_waiting: changes of ours that are not confirmed yet.
        pieces, pieces_there: pieces sealed in this sync, and those that the partner has.
        bytes_out, bytes_in: bytes on the air.
        overs: overs that we have sent.
        elapsed_s: how long it took.
        next_try_at: when a schedule tries again, in milliseconds since 1970; None if none does.
        edits_collapsed: edits that did not travel, because a confirmed change has taken their place.
    """

    partner: str
    link: str
    message: str
    values: Mapping[str, str] = field(default_factory=dict)
    exit_code: int = 0
    calls: int = 0
    changes_confirmed: int = 0
    changes_received: int = 0
    changes_waiting: int = 0
    pieces: int = 0
    pieces_there: int = 0
    bytes_out: int = 0
    bytes_in: int = 0
    overs: int = 0
    elapsed_s: float = 0.0
    next_try_at: int | None = None
    edits_collapsed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelResult:
    """What a cancel has found, and what happens next.

    Attributes:
        partner: with whom no contact is wanted.
        under_way: True if there was a contact, or a sync that would have called.
        changes_waiting: changes of ours that are not confirmed yet.
        next_try_at: when a schedule calls, in milliseconds since 1970; None if none does.
    """

    partner: str
    under_way: bool
    changes_waiting: int
    next_try_at: int | None = None


# How things stand.

LinkState = Literal["up", "down", "opening", "disabled", "closed"]
"""How a link stands: its port is open; it cannot be; it is about to be; the config says no; no gateway runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStatus:
    """How a link stands.

    Attributes:
        name: of the link.
        port: as the config names it.
        profile: id of its profile.
        state: see `LinkState`.
        message, values: when it is down, why.
        since_at: since when it is so, in milliseconds since 1970; None if it never was otherwise.
        retry_at: when a port that is down is tried again.
        contact: the contact that is under way.
        bytes_out, bytes_in: bytes on the air since the gateway began.
    """

    name: str
    port: str
    profile: str
    state: LinkState
    message: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    since_at: int | None = None
    retry_at: int | None = None
    contact: ContactProgress | None = None
    bytes_out: int = 0
    bytes_in: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TableWaiting:
    """What waits for a partner in one table.

    Attributes:
        changes: how many.
        oldest_at: when the oldest was made, in milliseconds since 1970.
    """

    changes: int
    oldest_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerReport:
    """How things stand with a partner.

    Attributes:
        name: of the partner.
        callsign: on the air.
        link: the link over which we call it; None if there is none.
        waiting: what waits here and is in no batch yet, by table.
        on_the_way: changes in batches that are not confirmed yet.
        bytes_on_the_way: size of those batches.
        heard_at, confirmed_at: when it last spoke to us, and last confirmed something; None if never.
        changes_confirmed, changes_applied: changes of ours that it has confirmed, and of its that we have applied, ever.
        last_message: how the last contact ended; None if there was none.
        last_at: when.
        next_try_at: when a schedule calls it next; None if none does.
        edits_collapsed: edits of ours that never travelled, because a newer one has taken their place; ever.
        on_hold: True if a person has put everything on hold.
        jobs_on_hold: names of jobs that a person has put on hold.
        changes_held: changes that are not confirmed yet, and on hold.
        records_left_out: records that a person has left out.
    """

    name: str
    callsign: str | None
    link: str | None
    waiting: Mapping[str, TableWaiting]
    on_the_way: int
    bytes_on_the_way: int
    heard_at: int | None
    confirmed_at: int | None
    changes_confirmed: int
    changes_applied: int
    last_message: str | None
    last_at: int | None
    next_try_at: int | None = None
    edits_collapsed: int = 0
    on_hold: bool = False
    jobs_on_hold: tuple[str, ...] = ()
    changes_held: int = 0
    records_left_out: int = 0

    @property
    def changes_waiting(self) -> int:
        """All that is not confirmed yet."""
        return self.on_the_way + sum(table.changes for table in self.waiting.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayStatus:
    """How things stand.

    Attributes:
        running: True if a gateway has the links open.
        links, partners: in the order of their names.
    """

    running: bool
    links: tuple[LinkStatus, ...]
    partners: tuple[PartnerReport, ...]


# What would go.


@dataclass(frozen=True, slots=True, kw_only=True)
class TableForecast:
    """What would go of one table.

    Attributes:
        changes: how many.
        data_bytes: their share of the batches, compressed.
    """

    changes: int
    data_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What a sync would send, found without sending or writing anything.

    Attributes:
        partner: to whom.
        link: over which link.
        tables: what waits, by table.
        changes: all of them.
        data_bytes: sealed bytes, batches that are on their way already included.
        changes_on_the_way, bytes_on_the_way: those batches alone.
        air_bytes: bytes on the air, our own direction.
        overs: transmissions of ours.
        elapsed_s: about how long it takes on this link if nothing is lost. What the partner has for us is not in it.
    """

    partner: str
    link: str
    tables: Mapping[str, TableForecast]
    changes: int
    data_bytes: int
    changes_on_the_way: int
    bytes_on_the_way: int
    air_bytes: int
    overs: int
    elapsed_s: float
