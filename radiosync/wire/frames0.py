"""Frames of version 0 of the protocol, for partners who have not been brought up to date.

Version 0 had the same contact, overs, transfers and reports. Its hello had no capabilities, its acknowledgement always
stated a grant and what is pending, and its data frames needed a byte more.

One flag is new. A station of version 0 ignores it; one of this version is told by it that it need not speak version 0.
"""

from dataclasses import replace

from radiosync.errors import WireError
from radiosync.limits import OPEN_TRANSFERS
from radiosync.wire.frames import (
    Ack,
    Arriving,
    Data,
    Frame,
    Hello,
    Kind,
    Report,
    kind_of,
    read_arriving,
    read_frame,
    read_hello_start,
    read_shape,
    write_arriving,
    write_hello_start,
    write_shape,
)
from radiosync.wire.varint import read_left, write_left

_REPLY, _MORE, _BYE, _SHAPE = 1, 2, 4, 1
_SPEAKS_1 = 16
"""In a hello: the sender speaks version 1 too."""
_REPORT_AT = 25
"""Where the report of a hello begins, behind its head."""


def write_old_frame(frame: Hello | Ack | Data, left_bytes: int = 0) -> bytes:
    """A frame of version 0 without its check. `left_bytes` of the over follow it."""
    match frame:
        case Hello():
            flags = _REPLY * frame.reply | _SPEAKS_1 * (frame.version > 0)
            head = _head(Kind.HELLO, flags, frame.report, left_bytes)
            return head + write_hello_start(replace(frame, version=0)) + _write_report(frame.report)
        case Ack():
            head = _head(Kind.OLD_ACK, _BYE * frame.bye, frame.report, left_bytes)
            marks = bytes([frame.report.sealed & 0xFF, frame.report.through & 0xFF])
            return head + marks + _write_report(frame.report)
        case Data():
            kind = Kind.OLD_DATA << 5 | _SHAPE * (frame.shape is not None)
            head = bytes([kind, write_left(left_bytes), frame.number & 0xFF, frame.block, frame.first])
            return head + (b"" if frame.shape is None else write_shape(frame.shape)) + frame.data


def read_any_frame(data: bytes) -> tuple[Frame, int]:
    """As `frames.read_frame`, for frames of version 0 too."""
    kind = kind_of(data)
    is_old = data[2:3] == b"\0" if kind is Kind.HELLO else kind in (Kind.OLD_ACK, Kind.OLD_DATA)
    if not is_old:
        return read_frame(data)
    try:
        return _read(kind, data[0] & 0x1F, data[2:]), read_left(data[1])
    except IndexError:
        raise WireError("a frame ends before it should") from None


def _read(kind: Kind, flags: int, body: bytes) -> Frame:
    if kind is Kind.OLD_DATA:
        return _read_data(flags, body)
    if kind is Kind.OLD_ACK:
        return Ack(_read_report(flags, body[0], body[1], body[2:]), bool(flags & _BYE))
    hello = read_hello_start(body, bool(flags & _REPLY), _read_report(flags, 0, 0, body[_REPORT_AT:]))
    return replace(hello, version=1, capabilities=None, begins=None) if flags & _SPEAKS_1 else hello


def _read_data(flags: int, body: bytes) -> Data:
    at, shape = 3, None
    if flags & _SHAPE:
        at, shape = 5, read_shape(body[3] << 8 | body[4])
    if len(body) <= at:
        raise WireError("a data frame carries nothing")
    return Data(body[0], body[1], body[2], body[at:], shape, number_bits=8)


def _head(kind: Kind, flags: int, report: Report, left_bytes: int) -> bytes:
    return bytes([kind << 5 | flags | _MORE * report.more, write_left(left_bytes)])


def _write_report(report: Report) -> bytes:
    sizes = bytes([write_left(report.grant_bytes), write_left(report.pending_bytes)])
    return sizes + write_arriving(report.arriving)


def _read_report(flags: int, sealed: int, through: int, body: bytes) -> Report:
    grant, pending, at = read_left(body[0]), read_left(body[1]), 2
    entries: tuple[Arriving, ...] = ()
    while at < len(body):
        if len(entries) == OPEN_TRANSFERS:
            raise WireError("a report speaks of more transfers than can be open")
        entry, at = read_arriving(body, at, 1)
        entries += entry
    return Report(sealed, through, entries, grant, pending, bool(flags & _MORE))
