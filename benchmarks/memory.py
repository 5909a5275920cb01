"""How much memory this process has held at most."""

import resource

__all__ = ["peak_mib"]


def peak_mib() -> float:
    """MiB, so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
