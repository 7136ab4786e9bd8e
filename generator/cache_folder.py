"""The folder for what can be downloaded or computed again: FGBG_CACHE, or the user's cache folder."""

import os
from pathlib import Path

from blake3 import blake3
from platformdirs import user_cache_path

from generator.places import Place

OTHER_CACHE = "another folder for FGBG_CACHE"
"""What to use instead of a cache that cannot be written to."""


def cache_folder(name: str) -> Path:
    """A folder in the cache, such as ~/.cache/fgbg/depth. The environment variable FGBG_CACHE moves them all.

    Args:
        name: of what the folder holds.
    """
    chosen = os.environ.get("FGBG_CACHE")
    root = Path(chosen).expanduser().absolute() if chosen else user_cache_path("fgbg", appauthor=False)
    return root / name


def working_folder(place: Place) -> Path:
    """The folder in which the files of a dataset are made: its own, or one of the cache for a URL."""
    if isinstance(place, Path):
        return place
    return cache_folder("outputs") / blake3(place.encode()).hexdigest()[:32]
