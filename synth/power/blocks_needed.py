"""How many blocks a measurement of power takes; apart, so that too few are told before anything heavy is loaded."""

__all__ = ["WARM_UP", "blocks_needed"]

WARM_UP = 2
"""Packets that leave before measuring, until every stage is busy."""
BEHIND = 4
"""A packet leaves while the blocks behind it are under way: full rate needs more of them than are measured."""


def blocks_needed(measured: int, available: int) -> int:
    """Blocks that must run for so many to be measured.

    Raises:
        ValueError: fewer than that are ``available``.
    """
    needed = measured + WARM_UP + BEHIND
    if available < needed:
        raise ValueError(f"{needed} blocks are needed to measure {measured}, got {available}; measure fewer (BLOCKS=)")
    return needed
