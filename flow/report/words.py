"""How figures are written."""

__all__ = ["nanojoules"]


def nanojoules(energy: float, places: int = 0) -> str:
    """An energy with so many decimal places, one more where it is below 10."""
    return f"{energy:,.{places if energy >= 10 else places + 1}f}"
