"""How many cores there are to use."""

import os

from spikecae.errors import InputError

__all__ = ["threads_of", "usable_cores"]


def usable_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads_of(jobs: int | None) -> int:
    """How many threads ``n_jobs`` asks for; one for each core where it is left out.

    Raises:
        InputError: none.
    """
    if jobs is not None and jobs < 1:
        raise InputError(f"n_jobs = {jobs}: 1 thread or more; leave it out for one on each core")
    return jobs or usable_cores()
