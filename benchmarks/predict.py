"""Prediction: start, a folder of pictures and one large picture, by torch and by ONNX Runtime.

    python benchmarks/predict.py [CHECKPOINT] [--res 96] [--pictures 500] [--rembg FOLDER]

The network looks at --res, whatever it was trained at; speed does not depend on the weights. All is measured
in new processes: seconds of CPU and peak memory, and of a folder pictures per second. "The network alone" is
on the same batches, already read and scaled; the share of its rate is in brackets. "Refined" also follows the
edges of the picture. On a busy machine seconds of CPU tell more than pictures per second. At most four
minutes on two cores. Linux and macOS only.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import click

# This process imports nothing large: the peak memory of a new process begins with the memory of its parent.

MEGABYTE = 2**20 if sys.platform == "darwin" else 2**10  # of ru_maxrss
BATCH = 8
ALONE = "the network alone"
SECONDS = 10
"""Longest time of each rate, so that a busy machine ends, too."""
REMBG = (
    "import sys; from pathlib import Path; from rembg import new_session, remove; "
    "cut = remove(Path(sys.argv[1]).read_bytes(), session=new_session('u2netp')); "
    "Path(sys.argv[2]).write_bytes(cut)"
)


@click.command()
@click.argument("checkpoint", type=click.Path(path_type=Path), default=Path("outputs"))
@click.option("--res", type=int, default=96, show_default=True)
@click.option("--pictures", type=int, default=500, show_default=True)
@click.option("--rembg", type=click.Path(path_type=Path), help="Folder of u2netp.onnx, to measure rembg too.")
@click.option("--step", type=click.Choice(["networks", "pictures", "rates"]), hidden=True)
@click.option("--place", type=click.Path(path_type=Path), hidden=True)
def main(
    checkpoint: Path, res: int, pictures: int, rembg: Path | None, step: str | None, place: Path | None
) -> None:
    if place is not None:
        {"networks": make_networks, "pictures": draw_pictures, "rates": print_rates}[step or ""](
            checkpoint, place, res if step == "networks" else pictures
        )
        return
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        run_step("networks", checkpoint, place, "--res", str(res))
        run_step("pictures", checkpoint, place, "--pictures", str(pictures))
        # In two folders: beside its export, a checkpoint would be run by ONNX Runtime too.
        networks = {"ONNX Runtime": place / "network.onnx", "torch": place / "torch" / "network.pt"}
        report_starts(networks, place, rembg)
        report_rates(networks, place, pictures)


def run_step(step: str, checkpoint: Path, place: Path, *options: str) -> str:
    command = [sys.executable, __file__, str(checkpoint), "--step", step, "--place", str(place), *options]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def make_networks(checkpoint: Path, place: Path, res: int) -> None:
    """Write the checkpoint at another resolution, and its export."""
    from fgbg import NetworkExportConfig, export_network
    from training.checkpoint import load_checkpoint, save_checkpoint
    from training.records.run_files import find_checkpoint

    loaded = load_checkpoint(find_checkpoint(checkpoint))
    stages = [{**stage, "res": res} for stage in loaded.config["stages"]]
    saved = place / "torch" / "network.pt"
    saved.parent.mkdir()
    save_checkpoint(saved, replace(loaded, config={**loaded.config, "stages": stages}))
    export_network(NetworkExportConfig(checkpoint=saved, format="onnx", out=place / "network.onnx"))


def draw_pictures(checkpoint: Path, place: Path, count: int) -> None:
    """Write a folder of photos of 640 x 480, and a photo of 6000 x 4000."""
    import cv2

    from generator.drawing.backgrounds import draw_scene

    scenes = [draw_scene(0, number, 640)[0][:480, :, ::-1] for number in range(20)]
    (place / "pictures").mkdir()
    for number in range(count):
        cv2.imwrite(str(place / "pictures" / f"{number:04}.jpg"), scenes[number % len(scenes)])
    large = cv2.resize(scenes[0], (6000, 4000), interpolation=cv2.INTER_CUBIC)
    cv2.imwrite(str(place / "large.jpg"), large)


def report_starts(networks: dict[str, Path], place: Path, rembg: Path | None) -> None:
    print(f"{'start and one picture of 640 x 480':44} {'CPU':>9} {'peak memory':>13}")
    small, large = place / "pictures" / "0000.jpg", place / "large.jpg"
    report("import torch", [sys.executable, "-c", "import torch"])
    for name, file in networks.items():
        report(f"fgbg predict, {name}", predict_command(file, small, place))
    if rembg is not None:
        command = [sys.executable, "-c", REMBG, str(small), str(place / "rembg.png")]
        report("rembg with u2netp, from Python", command, {"U2NET_HOME": str(rembg)})
    print("\none picture of 6000 x 4000")
    for name, file in networks.items():
        report(f"fgbg predict, {name}", predict_command(file, large, place))
        report(f"fgbg predict --no-refine, {name}", [*predict_command(file, large, place), "--no-refine"])
        for tile in ("auto", "384", "192"):
            report(
                f"fgbg predict --tile {tile}, {name}", [*predict_command(file, large, place), "--tile", tile]
            )


def predict_command(network: Path, picture: Path, place: Path) -> list[str]:
    options = ["--checkpoint", str(network), "--device", "cpu", "--out", str(place / "out"), "--overwrite"]
    return [sys.executable, "-m", "fgbg", "predict", str(picture), *options]


def report(name: str, command: list[str], environment: dict[str, str] | None = None) -> None:
    """Run a command and print its seconds of CPU and its peak memory."""
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**os.environ, **(environment or {})}
    ) as process:
        assert process.stderr is not None
        said = process.stderr.read().decode()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        print(f"{name:44} failed: {said.strip().splitlines()[-1]}", flush=True)
        return
    seconds, memory = used.ru_utime + used.ru_stime, used.ru_maxrss / MEGABYTE
    print(f"{name:44} {seconds:7.2f} s {memory:10.0f} MB", flush=True)


def report_rates(networks: dict[str, Path], place: Path, count: int) -> None:
    print(f"\n{f'a folder of {count}, pictures per second':40}" + "".join(f"{name:>14}" for name in networks))
    rates = [json.loads(run_step("rates", file, place)) for file in networks.values()]
    for row in rates[0]:
        figures = [f"{rate[row]:.1f} ({rate[row] / rate[ALONE]:.2f})" for rate in rates]
        print(f"{row:40}" + "".join(f"{figure:>14}" for figure in figures), flush=True)


def print_rates(network: Path, place: Path, count: int) -> None:
    """Pictures per second on the CPU: the network alone, and everything that a folder needs."""
    import numpy as np

    from fgbg import Predictor
    from fgbg.predictor.predict_source import predict_source
    from fgbg.predictor.result_kinds import DEFAULT_KINDS, Wanted
    from fgbg.predictor.sinks import FileSink
    from fgbg.predictor.sources import FileSource, Given
    from generator.process.memory import keep_freed_memory

    keep_freed_memory()  # as `fgbg predict` does
    pictures = sorted((place / "pictures").iterdir())
    predictor = Predictor.load(network, device="cpu", refine=False)
    refining = replace(predictor, refine=True)
    prepared = np.stack([predictor.prepare(picture).fg_bg for picture in pictures[: 8 * BATCH]])

    def batches() -> Iterator[int]:
        for first in cycle(range(0, len(prepared), BATCH)):
            predictor.see(prepared[first : first + BATCH])
            yield BATCH

    def written(*kinds: str) -> Iterator[int]:
        source = FileSource([Given(picture.parent, Path(picture.name)) for picture in pictures])
        bases = {str(picture): place / "written" / picture.stem for picture in pictures}
        for _ in predict_source(predictor, source, FileSink(bases, Wanted(kinds), overwrite=True)):
            yield 1

    ways: dict[str, Callable[[], Iterator[int]]] = {
        ALONE: batches,
        "one by one": lambda: (1 for picture in pictures if predictor(picture)),
        "predict_many": lambda: (1 for _ in predictor.predict_many(pictures, batch=BATCH)),
        "predict_many, refined": lambda: (1 for _ in refining.predict_many(pictures, batch=BATCH)),
        "mask and depth written": lambda: written("mask", "depth"),
        "mask, depth and overlay written": lambda: written(*DEFAULT_KINDS),
    }
    list(predictor.predict_many(pictures[: 2 * BATCH]))
    print(json.dumps({name: rate_of(way()) for name, way in ways.items()}))


def rate_of(done: Iterator[int]) -> float:
    """Pictures per second, of those that are done within `SECONDS`."""
    began, count = time.perf_counter(), 0
    for number in done:
        count += number
        if (spent := time.perf_counter() - began) > SECONDS:
            break
    return count / spent


if __name__ == "__main__":
    main()
