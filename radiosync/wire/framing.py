"""One seam over the ways in which a link's frames become bytes for a modem.

A link holds one `Framing`, gives it frames to encode and everything that the transport delivers. What a
link may change while it runs are plain attributes. Nothing here vouches for a payload: the frame check
inside it does (`check`), and what is heard from strangers falls through it.
"""

from dataclasses import dataclass
from typing import Protocol

from radiosync.errors import WireError
from radiosync.wire.ax25 import FCS_BYTES, UI_HEADER_BYTES, Address, UiFrame
from radiosync.wire.kiss import Command, KissDecoder, KissFrame, encode_kiss
from radiosync.wire.stream import PREFIX_BYTES, StreamDecoder, encode_stream, stream_bytes
from radiosync.wire.strength import LEAST_STRENGTH, SHORT_BYTES


@dataclass(frozen=True, slots=True)
class ReceivedFrame:
    """A frame that came off a link.

    Attributes:
        payload: what the sender gave to `Framing.encode`, unless damaged.
        source: AX.25 address that it claims to come from, such as `N0CALL-7`, or None where frames carry
            none.
        corrected: wrong bytes that were repaired in it.
    """

    payload: bytes
    source: str | None = None
    corrected: int = 0


class Framing(Protocol):
    """How frames of a link become bytes for its modem, and back."""

    @property
    def overhead_bytes(self) -> int:
        """Bytes on air that each frame costs beside payload and parity: headers, FCS, no flags, no preamble."""

    @property
    def damaged(self) -> int:
        """Frames that arrived and had to be dropped here.

        Those that a modem drops by itself are not among them.
        """

    def air_bytes(self, frame_bytes: int) -> int:
        """Return the bytes on air of a frame with that payload, parity of the present strength included."""

    def encode(self, frame: bytes) -> bytes:
        """Return the bytes for the modem. Raises ValueError when the frame is too long for this framing."""

    def receive(self, data: bytes) -> list[ReceivedFrame]:
        """Take bytes from the modem, return the frames that they complete.

        Never raises, whatever the bytes.
        """


class KissAx25Framing:
    """AX.25 UI frames through a KISS TNC.

    All UI frames without layer 3 that are heard are handed up, whoever they are for: an over may serve
    several listeners, and hearing others tells that the channel is busy. Our own, come back through a
    digipeater or the TNC, are dropped.

    Attributes:
        source: our address.
        destination: whom the next frames are for.
        port: radio of the TNC. Frames from its other radios are dropped.
    """

    overhead_bytes = UI_HEADER_BYTES + FCS_BYTES

    def __init__(self, source: Address, destination: Address, port: int = 0) -> None:
        self.source, self.destination, self.port = source, destination, port
        self._decoder = KissDecoder()

    @property
    def damaged(self) -> int:
        """Runs of bytes from the TNC that were no KISS frame."""
        return self._decoder.damaged

    def air_bytes(self, frame_bytes: int) -> int:
        """Return the bytes on air, FCS included; stuffed bits are not counted."""
        return self.overhead_bytes + frame_bytes

    def encode(self, frame: bytes) -> bytes:
        """Return the KISS frame for the TNC."""
        return encode_kiss(UiFrame(self.destination, self.source, (), frame).encode(), self.port)

    def receive(self, data: bytes) -> list[ReceivedFrame]:
        """Take bytes from the TNC, return the UI frames of others."""
        frames = (self._accept(frame) for frame in self._decoder.receive(data))
        return [frame for frame in frames if frame is not None]

    def _accept(self, frame: KissFrame) -> ReceivedFrame | None:
        if frame.command is not Command.DATA or frame.port != self.port:
            return None
        try:
            heard = UiFrame.decode(frame.payload)
        except WireError:  # connected mode or another protocol: other users of the channel
            return None
        return None if heard.source == self.source else ReceivedFrame(heard.payload, str(heard.source))


class KissFraming:
    """Bare frames through a modem that speaks KISS and checks frames itself, such as a LoRa serial module."""

    overhead_bytes = 0

    def __init__(self) -> None:
        self._decoder = KissDecoder()

    @property
    def damaged(self) -> int:
        """Runs of bytes from the modem that were no KISS frame."""
        return self._decoder.damaged

    def air_bytes(self, frame_bytes: int) -> int:
        """Return the bytes on air; the modem's own header and check are not counted."""
        return frame_bytes

    def encode(self, frame: bytes) -> bytes:
        """Return the KISS frame for the modem."""
        return encode_kiss(frame)

    def receive(self, data: bytes) -> list[ReceivedFrame]:
        """Take bytes from the modem, return the data frames of its first radio."""
        frames = self._decoder.receive(data)
        return [
            ReceivedFrame(frame.payload)
            for frame in frames
            if (frame.port, frame.command) == (0, Command.DATA)
        ]


class StreamFraming:
    """Error-tolerant frames on a transparent modem, as strong as the partner asks for (`strength`).

    What others on the channel ask for is taken as well, until the partner is heard again: nothing here knows who speaks.

    Attributes:
        strength: strength code (index into `stream.STRENGTHS`) of the next long frames. Frames that are
            received name their own. One that begins as 0, for a wire without errors, stays 0: nothing would
            show that more is needed.
    """

    overhead_bytes = PREFIX_BYTES

    def __init__(self, strength: int) -> None:
        """`strength`: what the profile says; for the first frames, until something was heard."""
        self.strength = strength
        self._decoder = StreamDecoder(strength)
        self._adapts = strength > 0

    @property
    def damaged(self) -> int:
        """Frames with more wrong bytes than their parity repairs."""
        return self._decoder.damaged

    def air_bytes(self, frame_bytes: int) -> int:
        """Return the bytes on air with the present strength."""
        return stream_bytes(frame_bytes, self._strength_of(frame_bytes))

    def encode(self, frame: bytes) -> bytes:
        """Return the bytes for the modem.

        Raises ValueError when the frame is empty or longer than 4095 bytes.
        """
        return encode_stream(frame, self._strength_of(len(frame)))

    def receive(self, data: bytes) -> list[ReceivedFrame]:
        """Take bytes from the modem, return the frames that could be repaired."""
        frames = self._decoder.receive(data)
        for frame in frames:
            if self._adapts and len(frame.payload) <= SHORT_BYTES:
                self.strength = max(LEAST_STRENGTH, frame.strength)
        return [ReceivedFrame(frame.payload, None, frame.corrected) for frame in frames]

    def _strength_of(self, frame_bytes: int) -> int:
        """A short frame shows what we would like to hear."""
        is_short = self._adapts and frame_bytes <= SHORT_BYTES
        return self._decoder.meter.best if is_short else self.strength
