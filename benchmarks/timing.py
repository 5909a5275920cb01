"""Times of alternatives, taken in turns so that whatever else the machine does hits all of them."""

import time
from collections.abc import Callable, Mapping

__all__ = ["best_times"]


def best_times(alternatives: Mapping[str, Callable[[], object]], seconds: float = 4.0) -> dict[str, float]:
    """Shortest time of each alternative, in seconds, over as many rounds as fit into ``seconds``, five at least.

    The shortest is what the code takes: everything else on the machine only ever adds to it.
    """
    best = dict.fromkeys(alternatives, float("inf"))
    for run in alternatives.values():
        run()  # compiles, fills caches
    end, rounds = time.perf_counter() + seconds, 0
    while rounds < 5 or time.perf_counter() < end:
        for name, run in alternatives.items():
            start = time.perf_counter()
            run()
            best[name] = min(best[name], time.perf_counter() - start)
        rounds += 1
    return best
