"""What SpikeInterface saved, opened without running code that came with it; and whatever a reader raises, in words."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spikecae.errors import InputError

if TYPE_CHECKING:
    from spikeinterface.core import BaseSorting

__all__ = ["open_sorting", "refuse_pickles", "wrapped"]


def open_sorting(path: Path) -> "BaseSorting":
    """A sorting that SpikeInterface saved: a folder, ``.zarr`` or ``.json``.

    Raises:
        FileNotFoundError: there is nothing.
        InputError: it is no sorting that SpikeInterface opens.
    """
    from spikeinterface.core import BaseSorting, load  # takes seconds to import

    if not path.exists():
        raise FileNotFoundError(f"no sorting {path}; check the path")
    refuse_pickles(path)
    found = wrapped(path, lambda: load(path), (".json", ".zarr"), "sorting")
    if not isinstance(found, BaseSorting):
        raise InputError(f"{path}: holds a {type(found).__name__}; expected a sorting")
    return found


def refuse_pickles(path: Path) -> None:
    """Refuse what would run code when it is opened.

    Raises:
        InputError: it is a pickle, or an old folder of SpikeInterface with one in it.
    """
    old_folder = path.is_dir() and not (path / "si_folder.json").is_file()
    if path.suffix in (".pkl", ".pickle") or (old_folder and any(path.glob("cached.p*"))):
        raise InputError(f"{path}: a pickle can run code when opened; save the recording as a folder or Zarr instead")


def wrapped(path: Path, opening: Callable[[], Any], suffixes: Iterable[str], what: str = "recording") -> Any:
    """What ``opening`` gives, or a sentence in place of whatever it raises.

    Args:
        path: what is opened.
        opening: a reader of SpikeInterface's.
        suffixes: of the files that could have been opened.
        what: is looked for in it.

    Raises:
        InputError: it cannot be opened.
        ModuleNotFoundError: a library that it takes is not installed.
    """
    try:
        return opening()
    except ModuleNotFoundError:
        raise
    except Exception as error:  # every format raises its own
        said = f"{type(error).__name__}: {str(error).strip()}".split("\n")[0][:300]
        if isinstance(error, NameError | AttributeError):  # a fault of the library's own, where it knows no way on
            said = f"it knows no {what} in it"
        raise InputError(
            f"{path}: SpikeInterface does not open it ({said}); expected a saved {what} folder or one of "
            f"{', '.join(sorted(suffixes))}; open it with SpikeInterface as the format asks for, and {what}.save("
            f"folder=...)"
        ) from None
