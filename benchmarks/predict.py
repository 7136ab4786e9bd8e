"""Prediction: start, a folder of pictures and one large picture, by torch and by ONNX Runtime.

    python benchmarks/predict.py [CHECKPOINT] [--res 96] [--pictures 500] [--rembg FOLDER]

The network looks at --res, whatever it was trained at; speed does not depend on the weights. All is measured
in new processes: seconds of CPU and peak memory, and of a folder pictures per second. "bare network" is the
network alone on the same batches, already read and scaled; "refined" also follows the edges of the picture.
On a busy machine seconds of CPU tell more than pictures per second. Linux and macOS only.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

# This process imports nothing large: the peak memory of a new process begins with the memory of its parent.

MEGABYTE = 2**20 if sys.platform == "darwin" else 2**10  # of ru_maxrss
BATCH = 8
FEW = 40
"""Pictures for the slow figures."""
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
        networks = {"ONNX Runtime": place / "network.onnx", "torch": place / "network.pt"}
        report_starts(networks, place, rembg)
        report_rates(networks, place, pictures)


def run_step(step: str, checkpoint: Path, place: Path, *options: str) -> str:
    command = [sys.executable, __file__, str(checkpoint), "--step", step, "--place", str(place), *options]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def make_networks(checkpoint: Path, place: Path, res: int) -> None:
    """Write the checkpoint at another resolution, and its export."""
    from dataclasses import replace

    from fgbg import NetworkExportConfig, export_network
    from training.checkpoint import load_checkpoint, save_checkpoint
    from training.records.run_files import find_checkpoint

    loaded = load_checkpoint(find_checkpoint(checkpoint))
    stages = [{**stage, "res": res} for stage in loaded.config["stages"]]
    saved = place / "network.pt"
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
    print(
        f"\n{f'a folder of {count}, pictures per second':36} bare network  one by one  predict_many  refined"
    )
    for name, file in networks.items():
        rates = json.loads(run_step("rates", file, place))
        bare, many = rates["bare"], rates["many"]
        figures = (
            f"{bare:12.1f} {rates['single']:11.1f} {many:7.1f} ({many / bare:.2f}) {rates['refined']:8.1f}"
        )
        print(f"{name:36} {figures}", flush=True)


def print_rates(network: Path, place: Path, count: int) -> None:
    """Pictures per second on the CPU: the network alone, a call for each picture, and `predict_many`."""
    import numpy as np

    from fgbg import Predictor

    pictures = sorted((place / "pictures").iterdir())
    predictor = Predictor.load(network, device="cpu", refine=False)
    prepared = np.stack([predictor.prepare(picture).fg_bg for picture in pictures])
    list(predictor.predict_many(pictures[: 2 * BATCH]))
    times = [time.perf_counter()]
    for first in range(0, len(prepared), BATCH):
        predictor.see(prepared[first : first + BATCH])
    times.append(time.perf_counter())
    for picture in pictures[:FEW]:
        predictor(picture)
    times.append(time.perf_counter())
    for _ in predictor.predict_many(pictures, batch=BATCH):
        pass
    times.append(time.perf_counter())
    for _ in Predictor.load(network, device="cpu").predict_many(pictures[:FEW], batch=BATCH):
        pass
    times.append(time.perf_counter())
    seen = [len(pictures), len(pictures[:FEW]), len(pictures), len(pictures[:FEW])]
    rates = [number / seconds for number, seconds in zip(seen, np.diff(times).tolist(), strict=True)]
    print(json.dumps(dict(zip(("bare", "single", "many", "refined"), rates, strict=True))))


if __name__ == "__main__":
    main()
