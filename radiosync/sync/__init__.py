"""The record-level conversation: what a partner lacks, what goes first, how what arrives is applied.

Pure, except that it asks a store through the ports in `ports`. Start at `station`, the whole of one station on one link;
`mail` is one partner's traffic.
"""
