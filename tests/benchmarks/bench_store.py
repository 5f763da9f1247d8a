"""How long the store takes to import a change stream and to move it to a partner: `bench_store.py CHANGES.jsonl.gz`."""

import gzip
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from radiosync.records.edit import Edit
from radiosync.records.value import parse_json
from radiosync.store import Store
from radiosync.sync.ports import Delivery, Direction, Draft, Job
from radiosync.wire.context import Additions, RecordKey
from radiosync.wire.shape import Shape


def say(text: str) -> None:
    sys.stdout.write(text + "\n")


def read_edits(path: Path) -> Iterator[Edit]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            change: Any = parse_json(line)
            wall_ms = int(datetime.fromisoformat(change["t"]).timestamp() * 1000)
            yield Edit(change["table"], UUID(change["uuid"]), change.get("fields"), wall_ms)


def time_import(store: Store, path: Path) -> None:
    began = time.perf_counter()
    summary = store.edit(read_edits(path))
    say(f"import         {time.perf_counter() - began:8.2f} s   {summary}")


def time_export(store: Store) -> None:
    began = time.perf_counter()
    count = sum(1 for _ in store.records(include_dead=True))
    say(f"read all       {time.perf_counter() - began:8.2f} s   {count} records")


def time_sync(sender: Store, receiver: Store, limit_bytes: int) -> None:
    """Moves everything, and prints the mean of each step."""
    there = sender.add_partner("receiver", receiver.station)
    here = receiver.add_partner("sender", sender.station)
    receiver.begin_epoch(here, sender.origin.incarnation, 0)
    job = Job("all")
    spent = dict.fromkeys(
        ("cursor", "plan", "context", "aliases", "seal", "keep", "decode", "deliver", "confirm"), 0.0
    )
    batches = changes = 0
    more = True
    while more:
        clock = time.perf_counter()

        def lap(step: str) -> None:
            nonlocal clock
            now = time.perf_counter()
            spent[step] += now - clock
            clock = now

        after = sender.cursor(there, job.scope)
        lap("cursor")
        plan = sender.plan(there, job, after, limit_bytes)
        more = plan.more
        lap("plan")
        if not plan.changes:
            continue
        sender.context(there, Direction.OUT, sender.outbound(there).confirmed)
        lap("context")
        keys = list(dict.fromkeys(RecordKey(change.table, change.uuid) for change in plan.changes))
        known = sender.aliases(there, Direction.OUT, batches, keys)
        lap("aliases")
        plain = b"x" * 30 * len(plan.changes)
        additions = Additions(records=tuple(key for key in keys if key not in known))
        draft = Draft(job.scope, plan.through, plain, Shape(4, 3), plain, additions, len(plan.changes))
        sealed = sender.seal(there, draft)
        lap("seal")
        receiver.keep_pieces(here, sealed.number, sealed.shape, 0, {0: b"p" * 20, 1: b"q" * 20})
        lap("keep")
        receiver.context(here, Direction.IN, receiver.inbound(here).through)
        receiver.aliased(here, Direction.IN, known.values())
        lap("decode")
        receiver.deliver(here, Delivery(sealed.number, plan.changes, plain, additions))
        lap("deliver")
        sender.confirm(there, sealed.number)
        lap("confirm")
        batches += 1
        changes += len(plan.changes)
    say(f"sync           {batches} batches, {changes} changes, mean of each step:")
    for step, seconds in spent.items():
        say(f"  {step:12} {1000 * seconds / batches:8.2f} ms")
    say(f"identical      {sender.content_digest() == receiver.content_digest()}")


def main(path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        sender = Store.open(Path(folder) / "sender.db", durable=False)
        say(f"open           {time.perf_counter() - began:8.3f} s")
        began = time.perf_counter()
        receiver = Store.open(Path(folder) / "receiver.db", durable=False)
        say(f"open           {time.perf_counter() - began:8.3f} s")
        time_import(sender, path)
        time_export(sender)
        time_sync(sender, receiver, limit_bytes=600)
        sender.close()
        began = time.perf_counter()
        sender = Store.open(Path(folder) / "sender.db", durable=False)
        say(f"open again     {time.perf_counter() - began:8.4f} s")
        sender.close()
        receiver.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
