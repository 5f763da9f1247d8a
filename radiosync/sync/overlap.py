"""Jobs whose tables overlap: a change that one of them has sealed is not sealed again by another one."""

from collections.abc import Callable, Sequence

from radiosync.sync.ports import Cover, Job


def covers_for(job: Job, jobs: Sequence[Job], cursor: Callable[[Job], int]) -> tuple[Cover, ...]:
    """What the other jobs for the same partner have sealed of the tables of `job`.

    A job that sends each edit leaves nothing to one that sends the net effect of several.

    Args:
        cursor: the arrival up to which a job has sealed everything.
    """
    others = (other for other in jobs if other.name != job.name and other.sends and _overlap(job, other))
    return tuple(
        Cover(other.tables, cursor(other)) for other in others if other.every_edit or not job.every_edit
    )


def _overlap(one: Job, other: Job) -> bool:
    if one.tables is None or other.tables is None:
        return True
    return not one.tables.isdisjoint(other.tables)
