"""One batch crossing a link in pieces: what is sent, confirmed and missing, as values that survive a restart.

Pure. Knows neither records nor links. Start at `shape`, then `sender` and `receiver`.
"""
