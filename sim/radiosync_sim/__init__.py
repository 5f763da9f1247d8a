"""The simulator: radios that behave badly, in virtual time and from one seed.

May import `radiosync`; nothing in `radiosync` but the commands that run it imports the simulator. Start
reading at `world.py` (time and chance), then `channel.py` (the air), `modem.py` (serial devices on it) and
`scenario.py` (which link). `loop.py` lets the whole gateway live in the same time, `pty.py` joins real
programs by a bad link.
"""
