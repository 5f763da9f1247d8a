"""Limits on everything that a peer, a file or a person can grow. One place, each with its reason."""

from typing import Final

CALLSIGN_CHARACTERS: Final = 6
"""AX.25 2.2 section 3.12.2: an address holds six characters and an SSID."""

KISS_FRAME_BYTES: Final = 2048
"""Longest KISS frame that Direwolf takes, escapes included. A longer run without FEND is line noise."""

FIELD_NAME_CHARACTERS: Final = 120
"""PostgreSQL names end at 63 bytes, spreadsheet headings are longer; beyond this it is data in the wrong
place."""

TABLE_NAME_CHARACTERS: Final = 80
"""As for fields."""

FIELDS_PER_RECORD: Final = 1000
"""Widest form seen in the field has some 400 questions."""

TEXT_BYTES: Final = 256 * 1024
"""One text value in UTF-8. Situation reports reach 10 kB; anything larger belongs into an attachment."""

NUMBER_CHARACTERS: Final = 100
"""Longest literal of a number. A double needs 24; a longer one is a fault or an attack on big integers."""

HISTORY_BYTES: Final = 110_000
"""Earlier traffic that serves as the compressor's dictionary. Measured: beyond this the bytes saved no
longer pay for the time."""

BLOCK_PIECES: Final = 128
"""Data pieces in a block. Half of the 255 symbols of GF(256), so that each piece can be repaired once over;
and rebuilding a whole block from repair pieces alone still takes well under a tenth of a second."""

TRANSFER_PIECES: Final = 4096
"""Data pieces in a transfer: 12 bits on air, and at most 32 blocks."""

AX25_PATH_HOPS: Final = 8
"""AX.25 2.0 allows eight digipeaters, 2.2 only two. We send none and read as many as old stations may name."""

ERASURE_PIECES: Final = 255
"""Pieces of one block, data and parity together. Each is named by one byte that is an element of GF(256);
255 stays free."""

STREAM_PAYLOAD_BYTES: Final = 4095
"""Longest payload of one frame on a transparent modem: twelve bits of length. Long enough to average several fades."""

STREAM_CANDIDATES: Final = 8
"""Frames of a transparent modem that may be open at once. More than three needs bytes made to look like
many headers."""

BATCH_CHANGES: Final = 20_000
"""Rows in one batch. A batch is planned for a few overs of airtime, so this is far above what a station
would send."""

BATCH_BYTES: Final = 4 * 1024 * 1024
"""A batch before compression. Bounds what a few bytes on air can make us allocate."""

BATCH_NESTING: Final = 4
"""Depth of the arrays in a batch: the batch, a column, a row's extra, a decimal."""

CONTEXT_NAMES: Final = 65_536
"""Origins, tables or fields that one partner can make us remember."""

KEY_FIELDS: Final = 8
"""Fields whose texts make an identity."""

OPEN_TRANSFERS: Final = 4
"""Transfers on their way to one partner at a time. Two keep an over full while one waits for its last pieces; more cost
bytes in each acknowledgement."""

TRANSFER_BLOCKS: Final = 32
"""`TRANSFER_PIECES` / `BLOCK_PIECES`."""

INPUT_LINE_BYTES: Final = 4 * 1024 * 1024
"""One line of JSON, or one row of CSV with the line breaks in its cells. A longer record would not fit into a batch."""

STATION_NAME_CHARACTERS: Final = 40
"""What people call a station or a partner. Longer ones break tables on a telephone's screen."""

UNREAD_BYTES: Final = 64 * 1024
"""Bytes that arrived from a modem and were not read yet; then the oldest go. A minute and a half at 9600 bit/s."""

CONTROL_LINE_BYTES: Final = 4 * 1024 * 1024
"""One line on the control socket. The longest is the status of a station with thousands of partners."""

CONTROL_CLIENTS: Final = 64
"""Programs that may speak with a gateway at a time. Only its own user can, so more than this is a script gone wild."""

RECORD_BYTES: Final = 512 * 1024
"""Names and values of one record in UTF-8. A change cannot be divided, and the longest transfer carries 786,432 bytes."""

MODEL_BYTES: Final = 16 * 1024 * 1024
"""State of a model of the compact codec: its tables have fixed sizes, far below this."""

MEMORY_RECORDS: Final = 4096
"""Records of one direction that the compact codec remembers. Those that were mentioned longest ago are named by alias
again."""

MEMORY_BYTES: Final = 2 * 1024 * 1024
"""All that is remembered of them. Some 200 bytes a record are usual, so this stops only forms of many hundred fields."""

MODEL_STEPS: Final = 2_000_000
"""Decisions and copied bytes of one batch in the compact codec: ten seconds on a desktop core, or some 10,000 ordinary
changes."""

POOL_MEMBERS: Final = 32
"""Listeners of a pool. Each of them has to be asked once in a contact, which costs two changes of direction."""
