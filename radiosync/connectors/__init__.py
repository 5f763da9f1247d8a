"""Records in from outside systems and out to them. So far: files of JSON Lines and CSV.

A reader gives `Edit`s, one at a time, whatever the size of the file, and raises `InputError` with file, line and
field at the first fault. It changes nothing itself; whoever applies the edits does so in one transaction. A writer
takes records.

May import `sync` and what stands below it. Start with `jsonlines`.
"""
