"""Real bytes in and out: serial ports and what looks like them, and an in-memory port.

Each implements `radiosync.ports.Transport`. May import `ports`, `config`, `profiles`, `limits` and `errors`. Start at
`serialport`: its `open_silent` is the one function that opens a real port.
"""
