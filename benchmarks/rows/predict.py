"""Prediction: fgbg by torch and ONNX Runtime, its export in bare programs, and rembg's smallest network."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from generator.drawing.backgrounds import draw_scene
from rows.contest import Contest, Contestant, Measured, Result, needing, rate
from rows.setting import Setting

RES = 96
ALONE = "the network alone, ONNX Runtime"
INFER = {"ONNX Runtime": "onnxruntime", "OpenVINO": "openvino"}
EXTRAS = "also sees the mirror image and follows the edges of the picture, which the others do not"
SCALES = "the network is small: decoding the JPEG and scaling mask and depth take longer than it does"
FILES = "beside the network it decodes, scales, and writes mask and 16-bit depth as PNG"

BARE = """
import sys; sys.path.insert(0, {0!r})
from rows.predict import bare_network
predict = bare_network({1!r}, {2!r})
predict({3!r}, {4!r})
"""
FGBG = "import sys; sys.argv = ['fgbg', *{0!r}]; from fgbg.cli import main; main(standalone_mode=False)"
REMBG = (
    "from pathlib import Path; from rembg import new_session, remove; "
    "cut = remove(Path({0!r}).read_bytes(), session=new_session('u2netp')); Path({1!r}).write_bytes(cut)"
)
PEAK = (
    "import atexit; atexit.register(lambda: print(next("
    "line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM'))))\n"
)
"""A process reports its own peak: the system's figure for children includes the memory of the parent."""


def run(setting: Setting) -> Iterator[Result]:
    work = Workplace(setting)
    yield cold_start(setting, work)
    yield one_picture(setting, work)
    yield folder(setting, work)
    if not setting.quick:
        yield large_picture(setting, work)


class Workplace:
    """A trained network in both formats, and pictures: 640 x 480 and 6000 x 4000."""

    def __init__(self, setting: Setting) -> None:
        self._setting, self.place = setting, setting.place / "predict"
        self.place.mkdir()
        scenes = [draw_scene(0, number, 640)[0][:480, :, ::-1] for number in range(setting.some(20, 2))]
        (self.place / "pictures").mkdir()
        for number in range(setting.some(60, 2)):
            cv2.imwrite(str(self.place / "pictures" / f"{number:03}.jpg"), scenes[number % len(scenes)])
        if not setting.quick:
            large = cv2.resize(scenes[0], (6000, 4000), interpolation=cv2.INTER_CUBIC)
            cv2.imwrite(str(self.large), large)

    @property
    def pictures(self) -> list[Path]:
        return sorted((self.place / "pictures").iterdir())

    @property
    def large(self) -> Path:
        return self.place / "large.jpg"

    @cached_property
    def networks(self) -> dict[str, Path]:
        """The same network by the program that runs it. The speed does not depend on the weights."""
        from fgbg import NetworkExportConfig, TrainConfig, export_network, train

        run = self.place / "run"
        fields: dict[str, Any] = {"widths": (4, 4)} if self._setting.quick else {}
        data, res = self._setting.divided.folder, self._setting.some(RES, 16)
        train(
            TrainConfig(
                data=data,
                out=run,
                stages=[(res, 1)],
                epoch_samples=4,
                batch_size=2,
                val_samples=2,
                device="cpu",
                **fields,
            ),
            progress=False,
        )
        # In another folder: beside its export, a checkpoint would be run by ONNX Runtime, too.
        network = self.place / "network.onnx"
        export_network(NetworkExportConfig(checkpoint=run / "last.pt", format="onnx", out=network))
        return {"ONNX Runtime": network, "torch": run / "last.pt"}


def bare_network(program: str, network: str) -> Callable[[str, str | None], None]:
    """A function that predicts a file with the exported network, as docs/onnx.md does it.

    It takes the picture, and the beginning of the names of mask and depth; None writes nothing.
    """
    run: Callable[[dict[str, np.ndarray]], Sequence[np.ndarray]]
    if program == "OpenVINO":
        import openvino

        compiled = openvino.Core().compile_model(network, "CPU")

        def run(given: dict[str, np.ndarray]) -> Sequence[np.ndarray]:
            found = compiled(given)
            return [found["mask"], found["depth"]]
    else:
        import onnxruntime

        session = onnxruntime.InferenceSession(network)

        def run(given: dict[str, np.ndarray]) -> Sequence[np.ndarray]:
            return session.run(["mask", "depth"], given)

    def predict(picture: str, base: str | None) -> None:
        pixels = cv2.cvtColor(cv2.imread(picture), cv2.COLOR_BGR2RGB)
        mask, depth = run(
            {
                "picture": pixels[None],
                "background": np.zeros((1, 1, 1, 3), np.uint8),
                "has_background": np.array([False]),
            }
        )
        if base is None:
            return
        cv2.imwrite(f"{base}.mask.png", np.rint(mask[0, 0] * 255).astype(np.uint8))
        cv2.imwrite(f"{base}.depth.png", np.rint(depth[0, 0] * 65535).astype(np.uint16))

    return predict


def process(code: str, environment: dict[str, str] | None = None) -> Measured:
    """Seconds and peak memory of a new process that runs some code."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", PEAK + code if sys.platform == "linux" else code],
        capture_output=True,
        text=True,
        env=os.environ | (environment or {}),
        check=False,
    )
    seconds = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    peak = int(done.stdout.split()[-1]) / 1024 if sys.platform == "linux" else None
    return Measured(seconds, peak)


def command(network: Path, picture: Path, out: Path, *options: str) -> str:
    return FGBG.format(
        [
            *("predict", str(picture), "--checkpoint", str(network), "--device", "cpu"),
            *("--out", str(out), "--overwrite", "--write", "mask,depth", *options),
        ]
    )


def bare_code(program: str, work: Workplace, picture: Path) -> str:
    benchmarks = str(Path(__file__).parent.parent)
    network = str(work.networks["ONNX Runtime"])
    return BARE.format(benchmarks, program, network, str(picture), str(work.place / "bare"))


def rembg(setting: Setting, name: str, measure: Callable[[], Measured | float]) -> Contestant:
    """A contestant that needs rembg and its weights."""
    if setting.u2netp is None:
        missing = "no u2netp.onnx: give it with --u2netp, or put it into ~/.u2net"
        return Contestant(name, None, missing=missing)
    return needing("rembg", Contestant(name, measure))


PLAIN = ("--no-mirror", "--no-refine")


def cold_start(setting: Setting, work: Workplace) -> Result:
    picture, out = work.pictures[0], work.place / "out"
    limit, bare = "import torch, nothing else", "import ONNX Runtime and OpenCV, nothing else"
    onnx, checkpoint = work.networks["ONNX Runtime"], work.networks["torch"]
    found = [
        Contestant(
            "fgbg predict, ONNX Runtime",
            lambda: process(command(onnx, picture, out, *PLAIN)),
            "fgbg",
            bare,
            "it also imports its command line and checks the files; the bare programs check nothing",
        ),
        needing(
            "onnxruntime",
            Contestant("bare ONNX Runtime", lambda: process(bare_code("ONNX Runtime", work, picture))),
        ),
    ]
    if not setting.quick:
        found += [
            Contestant(
                "fgbg predict, torch",
                lambda: process(command(checkpoint, picture, out, *PLAIN)),
                "fgbg",
                limit,
                "importing torch is most of it; export the network (`fgbg export`) to start without torch",
            ),
            needing(
                "openvino",
                Contestant("bare OpenVINO", lambda: process(bare_code("OpenVINO", work, picture))),
            ),
            rembg(setting, "rembg, u2netp (mask only)", lambda: process(*rembg_code(setting, work, picture))),
            Contestant(limit, lambda: process("import torch"), "limit"),
            Contestant(bare, lambda: process("import onnxruntime, cv2"), "limit"),
        ]
    return setting.hold(
        Contest(
            "predict, cold start",
            "s",
            f"a new process predicts one picture of 640 x 480 (the network sees {RES} px, rembg 320 px) and "
            "writes mask and depth; page cache warm",
            lower_is_better=True,
            budget=110,
        ),
        found,
    )


def rembg_code(setting: Setting, work: Workplace, picture: Path) -> tuple[str, dict[str, str]]:
    assert setting.u2netp is not None
    code = REMBG.format(str(picture), str(work.place / "rembg.png"))
    return code, {"U2NET_HOME": str(setting.u2netp.parent)}


def rembg_session(setting: Setting) -> Callable[[Path], object]:
    """A function that predicts one picture, with rembg's session opened at the first call."""
    opened: list[Any] = []

    def predict(picture: Path) -> object:
        assert setting.u2netp is not None
        os.environ["U2NET_HOME"] = str(setting.u2netp.parent)
        from rembg import new_session, remove

        if not opened:
            opened.append(new_session("u2netp"))
        return remove(picture.read_bytes(), session=opened[0])

    return predict


def predictors(work: Workplace) -> dict[str, Any]:
    """By name: predictors that do only what the bare programs do."""
    from fgbg import Predictor

    return {
        name: Predictor.load(network, device="cpu", mirror=False, refine=False)
        for name, network in work.networks.items()
    }


def one_picture(setting: Setting, work: Workplace) -> Result:
    plain, picture = predictors(work), work.pictures[0]
    seconds = setting.some(1.0, 0.01)
    onnx = plain["ONNX Runtime"]
    small = onnx.prepare(picture).fg_bg[None]
    refined = replace(onnx, mirror=True, refine=True)

    def repeated(predict: Callable[[], object]) -> Callable[[], float]:
        def work() -> Iterator[int]:
            predict()
            yield 1

        return lambda: 1e3 / rate(work, seconds)

    bare, session = {name: lazily(name, work) for name in INFER}, rembg_session(setting)
    return setting.hold(
        Contest(
            "predict, one picture",
            "ms",
            "640 x 480 from a JPEG file to mask and depth in memory, the process is warm",
            lower_is_better=True,
            budget=60,
        ),
        [
            *(
                Contestant(f"fgbg, {name}", repeated(lambda one=one: one(picture)), "fgbg", ALONE, SCALES)
                for name, one in plain.items()
            ),
            Contestant(
                "fgbg, ONNX Runtime, default", repeated(lambda: refined(picture)), "fgbg", ALONE, EXTRAS
            ),
            *(
                needing(
                    INFER[name],
                    Contestant(f"bare {name}", repeated(lambda one=one: one()(str(picture), None))),
                )
                for name, one in bare.items()
            ),
            rembg(
                setting,
                "rembg, u2netp (mask only, 320 px)",
                repeated(lambda: session(picture)),
            ),
            Contestant(ALONE, repeated(lambda: onnx.see(small)), "limit"),
        ],
    )


def lazily(program: str, work: Workplace) -> Callable[[], Callable[[str, str | None], None]]:
    """A bare network that is opened at its first use."""
    opened: list[Callable[[str, str | None], None]] = []

    def get() -> Callable[[str, str | None], None]:
        if not opened:
            opened.append(bare_network(program, str(work.networks["ONNX Runtime"])))
        return opened[0]

    return get


def folder(setting: Setting, work: Workplace) -> Result:
    from fgbg.predictor.predict_source import predict_source
    from fgbg.predictor.result_kinds import Wanted
    from fgbg.predictor.sinks import FileSink
    from fgbg.predictor.sources import FileSource, Given

    pictures, written = work.pictures, work.place / "written"
    written.mkdir()
    plain = predictors(work)
    onnx = plain["ONNX Runtime"]
    prepared = np.stack([onnx.prepare(picture).fg_bg for picture in pictures[:8]])

    def ours(predictor: Any) -> float:
        source = FileSource([Given(picture.parent, Path(picture.name)) for picture in pictures])
        bases = {str(picture): written / picture.stem for picture in pictures}
        began = time.perf_counter()
        for _ in predict_source(
            predictor, source, FileSink(bases, Wanted(("mask", "depth")), overwrite=True)
        ):
            pass
        return len(pictures) / (time.perf_counter() - began)

    def bare(program: Callable[[], Callable[[str, str | None], None]]) -> float:
        began = time.perf_counter()
        for picture in pictures:
            program()(str(picture), str(written / picture.stem))
        return len(pictures) / (time.perf_counter() - began)

    def alone() -> Iterator[int]:
        onnx.see(prepared)
        yield len(prepared)

    session, few = rembg_session(setting), pictures[:8]
    programs = {name: lazily(name, work) for name in INFER}

    def rembg_rate() -> float:
        began = time.perf_counter()
        for picture in few:
            (written / "rembg.png").write_bytes(session(picture))
        return len(few) / (time.perf_counter() - began)

    return setting.hold(
        Contest(
            "predict, a folder",
            "pictures/s",
            f"{len(pictures)} JPEGs of 640 x 480 to mask and 16-bit depth as PNG, in one process",
            budget=70,
        ),
        [
            *(
                Contestant(f"fgbg, {name}", lambda one=one: ours(one), "fgbg", ALONE, FILES)
                for name, one in plain.items()
            ),
            *(
                needing(package, Contestant(f"bare {name}", lambda one=programs[name]: bare(one)))
                for name, package in INFER.items()
            ),
            rembg(setting, "rembg, u2netp (mask only, 320 px)", rembg_rate),
            Contestant(ALONE, lambda: rate(alone, setting.some(1.0, 0.01)), "limit"),
        ],
    )


def large_picture(setting: Setting, work: Workplace) -> Result:
    out, onnx = work.place / "out", work.networks["ONNX Runtime"]
    decode = "decoding it and writing black PNGs of its size"
    blank = (
        "import cv2, numpy; "
        f"size = cv2.imread({str(work.large)!r}).shape[:2]; "
        f"cv2.imwrite({str(work.place / 'blank.png')!r}, numpy.zeros(size, 'u1')); "
        f"cv2.imwrite({str(work.place / 'blank16.png')!r}, numpy.zeros(size, 'u2'))"
    )
    return setting.hold(
        Contest(
            "predict, 6000 x 4000",
            "s",
            "a new process predicts one picture of 6000 x 4000 and writes mask and depth",
            lower_is_better=True,
            budget=110,
        ),
        [
            Contestant(
                "fgbg predict, ONNX Runtime",
                lambda: process(command(onnx, work.large, out, *PLAIN)),
                "fgbg",
                decode,
                "PNG of 24 million pixels with content compresses more slowly than black",
            ),
            Contestant(
                "fgbg predict, ONNX Runtime, default",
                lambda: process(command(onnx, work.large, out)),
                "fgbg",
                decode,
                EXTRAS,
            ),
            *(
                needing(
                    package,
                    Contestant(f"bare {name}", lambda name=name: process(bare_code(name, work, work.large))),
                )
                for name, package in INFER.items()
            ),
            rembg(
                setting,
                "rembg, u2netp (mask only, 320 px)",
                lambda: process(*rembg_code(setting, work, work.large)),
            ),
            Contestant(decode, lambda: process(blank), "limit"),
        ],
    )
