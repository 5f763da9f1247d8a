"""Values to bytes and back: everything whose shape another team would have to copy to talk to us.

The lower half knows nothing of records: integers (`varint`), frame checks (`check`), KISS and AX.25
(`kiss`, `ax25`), the erasure code over pieces (`erasure`), byte-level Reed-Solomon (`reedsolomon`), frames
on modems that deliver damaged bytes (`stream`), and one seam over the three ways of framing (`framing`).
The upper half lays out batches and link frames.

Pure: no clock, file, socket, thread or global random source. May import `records` and what stands to its
right (`identity`, `profiles`, `ports`, `config`, `limits`, `errors`). Parsers raise `PeerError` and its
branches whatever the bytes; calling an encoder with what cannot be encoded raises `ValueError`.

Start reading at `framing`, which is what a link uses, then `stream`.
"""
