"""The peak memory of all processes of `generate`, compared with the size of its bank.

    python benchmarks/memory.py [--fg FOLDER --bg FOLDER] [--workers 1,2,5]

Linux only. Every 20 ms it adds the proportional set sizes of the process and its children: pages that several
processes share, such as the mapped bank, count once.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

from generator.drawing.write import write_samples

GENERATE = [sys.executable, "-c", "from fgbg.cli import main; main()", "generate"]
KINDS = {
    "unrendered, 400,000 samples": ["--no-render", "--split", "none"],
    "rendered, 6,000 samples": ["--samples", "6000"],
    "scenes with 4 variants, unrendered": [
        *("--no-render", "--samples", "60000", "--variants", "4", "--scale", "0.5-1", "--rotate", "20"),
        *("--saturation", "0.3", "--blend", "mixed", "--objects", "1-3", "--shadow", "0.5"),
        *("--harmonise", "0.5", "--truncate", "0.3", "--perspective"),
    ],
}


@click.command()
@click.option("--fg", type=click.Path(path_type=Path))
@click.option("--bg", type=click.Path(path_type=Path))
@click.option("--workers", default="1,2,5")
def main(fg: Path | None, bg: Path | None, workers: str) -> None:
    with tempfile.TemporaryDirectory(prefix="fgbg-") as folder:
        place = Path(folder)
        if fg is None or bg is None:
            drawn = write_samples(place / "assets", count=100, size=192, seed=0)
            fg, bg = drawn.fg, drawn.bg
        for kind, options in KINDS.items():
            for count in workers.split(","):
                assets = ["--fg", str(fg), "--bg", str(bg), "--out", str(place / "out"), "--overwrite"]
                peak = peak_of([*GENERATE, *assets, *options, "--workers", count])
                bank = (place / "out" / "bank.h5").stat().st_size / 1e6
                print(
                    f"{kind:36s} {count} workers: {peak:5.0f} MB at most, {peak - bank:5.0f} without the bank"
                    f" of {bank:.0f}",
                    flush=True,
                )


def peak_of(command: list[str]) -> float:
    """The largest sum of proportional set sizes in MB while a command runs."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        peak = max(peak, sum(map(proportional_set_size, family(process.pid))))
        time.sleep(0.02)
    if process.returncode:
        raise SystemExit(process.returncode)
    return peak / 1000


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(member for child in children for member in family(int(child)))]


def proportional_set_size(pid: int) -> int:
    """Proportional set size of a process in kB; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


if __name__ == "__main__":
    main()
