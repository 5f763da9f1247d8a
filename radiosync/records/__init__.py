"""What is synced: values, records, the dots and clocks that order writes, and the merge that makes stations equal.

Pure. Imports `errors`, `limits` and nothing else of radiosync. Start at `model`, then `merge`.
"""
