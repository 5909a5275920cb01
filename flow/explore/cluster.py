"""Workers of a Dask cluster: of a scheduler, or processes on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dask.distributed import Client

__all__ = ["dask_client"]


@contextmanager
def dask_client(scheduler: str | None, processes: int) -> "Iterator[Client]":
    """A client of the scheduler at an address, whose workers share this folder; without one, of so many processes.

    Raises:
        ModuleNotFoundError: Dask is not installed.
    """
    try:
        from dask.distributed import Client, LocalCluster
    except ModuleNotFoundError:
        raise ModuleNotFoundError("no Dask to reach a scheduler with; pip install distributed") from None

    if scheduler is not None:
        with Client(scheduler) as client:
            yield client
        return
    with (
        LocalCluster(n_workers=processes, threads_per_worker=1, dashboard_address=None, memory_limit=0) as cluster,
        Client(cluster) as client,
    ):
        yield client
