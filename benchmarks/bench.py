"""fgbg beside other tools and the bare hardware, in one run: `make bench`.

    python benchmarks/bench.py [--only GROUP ...] [--fg FOLDER --bg FOLDER] [--rounds 5] [--readme] [--quick]

Contestants of the same work take turns (A B C A B C ...); the first round warms up and is discarded. All
files are in the page cache. Prints one table with medians and ratios, and writes benchmarks.json (machine,
versions, commit, every single figure) and benchmarks.png into --out. Each contest has a budget of seconds,
and the whole run has a limit: contests that would not fit are skipped and named.
"""

import importlib
import json
import math
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rows.contest import Clock, Contest, Result
from rows.picture import draw
from rows.setting import Setting
from rows.table import causes, machine, markdown, put_into, screen_rows

from generator.files import write_atomically
from generator.look.text_table import text_table

GROUPS = ("generate", "read", "step", "predict", "growth", "quality")
GPU = "gpu"
HERE = Path(__file__).parent


@click.command()
@click.option(
    "--only", multiple=True, type=click.Choice([*GROUPS, GPU]), help="Hold only this group; repeatable."
)
@click.option("--fg", type=click.Path(path_type=Path), help="Folder of foregrounds; drawn if not given.")
@click.option("--bg", type=click.Path(path_type=Path), help="Folder of backgrounds; drawn if not given.")
@click.option("--rounds", default=5, show_default=True, help="Of each contest, after one to warm up.")
@click.option("--minutes", default="0.5,1,2", show_default=True, help="Marks at which quality is measured.")
@click.option("--limit-minutes", default=20.0, show_default=True, help="Of the whole run.")
@click.option("--device", default="cuda", show_default=True, help="Of the group gpu; cpu tests it.")
@click.option(
    "--u2netp", type=click.Path(path_type=Path), help="rembg's weights; by default, where rembg has them."
)
@click.option("--out", type=click.Path(path_type=Path), default=Path("outputs"), show_default=True)
@click.option("--readme", is_flag=True, help="Put the table into benchmarks/README.md.")
@click.option("--quick", is_flag=True, help="Test the benchmarks themselves: one round of almost nothing.")
def main(
    only: tuple[str, ...],
    fg: Path | None,
    bg: Path | None,
    rounds: int,
    minutes: str,
    limit_minutes: float,
    device: str,
    u2netp: Path | None,
    out: Path,
    readme: bool,
    quick: bool,
) -> None:
    """Measure fgbg beside other tools and the bare hardware."""
    clock = Clock(limit_minutes * 60)
    results: dict[str, list[Result]] = {}
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="fgbg-bench-") as folder:
        setting = Setting(
            place=Path(folder),
            given=None if fg is None or bg is None else (fg.resolve(), bg.resolve()),
            quick=quick,
            rounds=1 if quick else rounds,
            clock=clock,
            device=device,
            minutes=(0.001,) if quick else tuple(map(float, minutes.split(","))),
            u2netp=find_u2netp(u2netp),
        )
        for group in only or GROUPS:
            began, results[group] = time.monotonic(), []
            for result in held(group, setting):
                note = f" ({result.note})" if result.note else ""
                print(f"{result.contest.name}: {result.seconds:.0f} s{note}", file=sys.stderr, flush=True)
                results[group].append(result)
            seconds[group] = time.monotonic() - began
            print(f"= {group}: {seconds[group]:.0f} s", file=sys.stderr, flush=True)
    report(results, seconds, out, readme)


def held(group: str, setting: Setting) -> Iterator[Result]:
    """The results of a group; what ends it early is the last one, so that the other groups are not lost."""
    try:
        yield from importlib.import_module(f"rows.{group}").run(setting)
    except Exception as error:
        traceback.print_exc()
        yield Result(
            Contest(group, "", ""), (), note=f"failed: {type(error).__name__}: {error}".splitlines()[0]
        )


def report(results: dict[str, list[Result]], seconds: dict[str, float], out: Path, readme: bool) -> None:
    """Print the table, and write the files."""
    every = [result for group in results.values() for result in group]
    origin = machine()
    print("\n".join(text_table(screen_rows(every), shutil.get_terminal_size((130, 24)).columns)))
    print("\nWhere fgbg is behind another, or under half of its limit:")
    print("\n".join(f"- {contest}: {row}: {cause}" for contest, row, cause in causes(every)) or "nowhere")
    out.mkdir(parents=True, exist_ok=True)
    groups = {
        group: {"seconds": seconds[group], "contests": [result.document() for result in found]}
        for group, found in results.items()
    }
    document = json.dumps(plain({"machine": origin, "groups": groups}), indent=1, allow_nan=False)
    write_atomically(out / "benchmarks.json", document.encode() + b"\n")
    write_atomically(out / "benchmarks.png", draw(every))
    if readme:
        put_into(HERE / "README.md", markdown(every, origin))
    print(f"\n{sum(seconds.values()) / 60:.1f} minutes; {out / 'benchmarks.json'}, {out / 'benchmarks.png'}")


def plain(value: Any) -> Any:
    """The same with null for numbers that are not defined, which JSON does not have."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def find_u2netp(given: Path | None) -> Path | None:
    """rembg's smallest network: a file or its folder as given, or where rembg keeps it."""
    place = given or Path(os.environ.get("U2NET_HOME") or Path.home() / ".u2net")
    path = place / "u2netp.onnx" if place.is_dir() else place
    return path.resolve() if path.is_file() else None


if __name__ == "__main__":
    main()
