"""Modem profiles: how one modem with one firmware behaves, as data, and the arithmetic of its airtime.

A profile is a file in `firmware_profiles`; a new modem is a new file and no code. Start with `model`.
Imports `settings`, `limits` and `errors` only.
"""
