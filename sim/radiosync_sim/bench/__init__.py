"""Figures that others can repeat: bytes of a change, use of the airtime, and time of the processor, each beside its mark.

`traffic`, `air` and `cpu` measure whole runs of the simulator: everything that a modem sends, both ways, from hello to bye.
The marks are in `yardstick` (bytes) and `ideal` (airtime). `streams` are what is sent, `picture` draws. Start at `traffic`.
"""
