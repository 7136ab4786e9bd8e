"""Names that are not regular files: pipes, devices, links, folders."""

import os
import random
from pathlib import Path


def put_odd_file(rng: random.Random, path: Path) -> None:
    """Replace a file by something odd: a folder, a pipe, a device, an empty file, or a link."""
    path.unlink(missing_ok=True)
    what = rng.randrange(7)
    if what == 0:
        os.mkfifo(path)
    elif what == 1:
        path.symlink_to("/dev/zero")
    elif what == 2:
        path.symlink_to(path.name)
    elif what == 3:
        path.symlink_to("/nowhere/at-all")
    elif what == 4:
        path.mkdir()
    elif what == 5:
        path.touch()
    else:
        path.symlink_to(Path("../outside") / rng.choice(("keep.txt", "keep.png", "keep.h5")))
