"""Finds a `generator` or `training` of the user's that Python imports instead of fgbg's own package."""

import sys
from importlib.util import find_spec
from pathlib import Path

_PACKAGES = ("generator", "training")


class ShadowedPackageError(ImportError):
    """A folder or file on Python's path has the name of one of fgbg's packages."""


def refuse_shadowed_packages() -> None:
    """Make sure that `generator` and `training` are the ones beside `fgbg`, without importing them.

    At the start of the `fgbg` command the message alone is printed, and the exit code is 1.

    Raises:
        ShadowedPackageError: Python would import another one, or none.
    """
    beside = Path(__file__).resolve().parent.parent
    for name in _PACKAGES:
        found = _place_of(name)
        if found is None:
            message = f"fgbg is not installed completely: its package {name!r} is missing; install it again"
        elif found.resolve() != beside / name:
            message = (
                f"{found} hides fgbg's own package {name!r}; rename it, or take {found.parent} off"
                " Python's path (PYTHONPATH, or the folder in which you start Python)"
            )
        else:
            continue
        if _is_command():
            sys.exit(f"fgbg: {message}")
        raise ShadowedPackageError(message, name=name, path=str(found))


def _place_of(name: str) -> Path | None:
    """The folder or file that `import name` takes; None if there is none."""
    try:
        spec = find_spec(name)
    except ValueError:  # a module made by hand has no spec
        return None
    if spec is None:
        return None
    folders = spec.submodule_search_locations
    place = next(iter(folders), None) if folders is not None else spec.origin
    return None if place is None else Path(place)


def _is_command() -> bool:
    """Whether `fgbg ...` or `python -m fgbg ...` imports the package."""
    program = Path(sys.argv[0] if sys.argv else "").name
    return program in ("fgbg", "fgbg.exe") or (program == "-m" and "fgbg" in sys.orig_argv)
