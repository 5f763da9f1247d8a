"""Two stations in contact: who speaks when, what goes into an over, and what to do when nothing is heard.

Pure. A link moves transfers, and knows nothing of records: it takes sealed bytes from a `Mailbox` and gives back what
arrived. Start at `contact`; `timing` says where every time-out comes from.
"""
