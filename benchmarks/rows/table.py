"""The results as a table for the screen and for README.md, and what machine they come from."""

import math
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from generator import __version__
from rows.contest import Result, Row

PACKAGES = (
    *("albumentations", "h5py", "kornia", "litdata", "lmdb", "numpy", "onnxruntime"),
    *(
        "opencv-python-headless",
        "openvino",
        "pillow",
        "pytorch-lightning",
        "rembg",
        "segmentation-models-pytorch",
        "torch",
    ),
    *("torchvision", "webdataset"),
)
HEAD = ("", "median", "lowest to highest", "of limit", "x best other", "memory")
BEGIN, END = "<!-- table: written by bench.py -->", "<!-- end of table -->"


def machine() -> dict[str, Any]:
    """Where the figures come from."""
    return {
        "date": time.strftime("%Y-%m-%d"),
        "commit": _commit(),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "gpu": _gpu(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9)
        if hasattr(os, "sysconf")
        else None,
        "system": platform.platform(),
        "python": platform.python_version(),
        "fgbg": __version__,
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
    }


def screen_rows(results: Sequence[Result]) -> list[Sequence[str]]:
    """Cells of one table: a line for each contest, then its rows."""
    rows: list[Sequence[str]] = [HEAD]
    for result in results:
        rows.append((f"{result.contest.name}, {result.contest.unit}", "", "", "", "", ""))
        rows += [(f"- {row.name}", *cells(result, row)) for row in result.rows]
        rows += [(f"({result.note})", "", "", "", "", "")] if result.note else []
    return rows


def cells(result: Result, row: Row) -> tuple[str, ...]:
    """What stands behind the name of a row."""
    if not row.values:
        return (row.missing or "not measured", "", "", "", "")
    one = min(row.values) == max(row.values)
    return (
        number(row.median),
        "" if one else f"{number(min(row.values))} to {number(max(row.values))}",
        ratio(result.of_limit(row)),
        ratio(result.against_best(row)),
        "" if row.megabytes is None else f"{row.megabytes:,.0f} MB",
    )


def number(value: float) -> str:
    """Three digits that count: 12,345 or 0.0123."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


def ratio(value: float) -> str:
    return "" if math.isnan(value) else number(value)


def causes(results: Sequence[Result]) -> Iterator[tuple[str, str, str]]:
    """Contest, row and cause, wherever fgbg is behind another, or under half of its limit."""
    for result in results:
        for row in result.rows:
            if result.is_behind(row):
                yield result.contest.name, row.name, row.cause or "not known yet"


def markdown(results: Sequence[Result], origin: Mapping[str, Any]) -> str:
    """The table for README.md, with the machine and the causes."""
    lines = [
        f"Measured on {origin['date']} at commit `{origin['commit']}`: "
        + f"{origin['cpu']}, {origin['cores']} cores"
        + (f", {origin['gpu']}" if origin["gpu"] else "")
        + f", {origin['memory_gb']} GB, {origin['system']}, Python {origin['python']}; "
        + ", ".join(f"{name} {found}" for name, found in origin["packages"].items())
        + ".",
        "",
        "| | median | lowest to highest | of limit | x best other | memory |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for result in results:
        note = f" ({result.note})" if result.note else ""
        lines.append(f"| **{result.contest.name}**, {result.contest.unit}{note} | | | | | |")
        lines += [f"| {row.name} | {' | '.join(cells(result, row))} |" for row in result.rows]
    behind = list(causes(results))
    if behind:
        lines += ["", "Where fgbg is behind another, or under half of its limit:", ""]
        lines += ["| | | cause |", "|---|---|---|"]
        lines += [f"| {contest} | {row} | {cause} |" for contest, row, cause in behind]
    works = {result.contest.name: result.contest.work for result in results if result.contest.work}
    lines += ["", "The work of one measurement:", ""]
    lines += [f"- **{name}**: {work}" for name, work in works.items()]
    return "\n".join(lines)


def put_into(readme: Path, table: str) -> None:
    """Replace the table in README.md."""
    before, _, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    readme.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}", encoding="utf-8")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _commit() -> str:
    run = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=10"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return run.stdout.strip() or "unknown"


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")


def _gpu() -> str | None:
    torch = sys.modules.get("torch")  # imported only if a group needed it
    return torch.cuda.get_device_name() if torch is not None and torch.cuda.is_available() else None
