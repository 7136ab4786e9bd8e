"""Runs inputs in separate processes, ends processes that hang, and counts the results."""

import faulthandler
import json
import os
import random
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from fuzzing.kinds import KINDS, begin
from fuzzing.watch import Ended, Outside, observe, within

BOUND_MIB = 1024
"""Memory that one input may take in addition to the warm program; larger allocations fail."""

_START_SECONDS = 180

# An input that seems to hang is tried again with this many times the limit: the machine may have been busy.
_PATIENCE = 4


@dataclass
class Tally:
    """The results of the inputs of one kind."""

    kind: str
    inputs: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    touched: int = 0
    memory: float = 0.0
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)

    def add(self, number: int, ended: Ended) -> None:
        """Count one input."""
        self.inputs += 1
        self.counts[ended.how] += 1
        self.touched += bool(ended.touched)
        self.memory = max(self.memory, ended.memory)
        if ended.how not in ("accepted", "refused"):
            self.failures.append(f"{self.kind} {number}: {ended.how}: {ended.told}")
        if ended.touched:
            self.failures.append(
                f"{self.kind} {number}: touched: {'; '.join(sorted(set(ended.touched)))[:300]}"
            )
        if ended.memory > BOUND_MIB:
            self.failures.append(f"{self.kind} {number}: memory: {ended.memory:.0f} MiB")

    def row(self) -> str:
        """A line of the table."""
        parts = [self.inputs, *(self.counts[how] for how in ("accepted", "refused", "traceback", "noise"))]
        parts += [self.counts["hang"] + self.counts["crash"], self.touched]
        return f"{self.kind:13}{''.join(f'{part:9}' for part in parts)}{self.memory:6.0f} MiB"


HEADER = f"{'kind':13}" + "".join(
    f"{name:>9}" for name in ("inputs", "accepted", "refused", "traced", "noise", "hangs", "touched", "peak")
)


def fuzz(sandbox: Path, kind: str, seed: int, count: int, jobs: int, limit: float) -> Tally:
    """Try inputs 0 ... count - 1 of a kind.

    Args:
        sandbox: folder for everything.
        kind: one of `KINDS`.
        seed: the same seed, kind and number give the same input.
        count: number of inputs.
        jobs: number of processes.
        limit: seconds; an input that takes longer counts as hanging.
    """
    tally, began = Tally(kind), time.monotonic()
    streams = [_Worker(sandbox, kind, seed, job, count, jobs, limit) for job in range(jobs)]
    try:
        while living := [stream for stream in streams if stream.process is not None]:
            ready, _, _ = select.select([stream.output for stream in living], [], [], 0.5)
            for stream in living:
                for number, ended in stream.heard(stream.output in ready):
                    tally.add(number, ended)
    finally:
        for stream in streams:
            stream.end()
    tally.seconds = time.monotonic() - began
    return tally


class _Worker:
    """One process for every n-th input. After an input that ends it or hangs, it starts again at the next."""

    def __init__(
        self, sandbox: Path, kind: str, seed: int, job: int, count: int, jobs: int, limit: float
    ) -> None:
        self._fixed = (sandbox, kind, seed, count, jobs)
        self._sandbox, self._job, self._limit = sandbox, job, limit
        self._next, self._count, self._jobs = job, count, jobs
        self._patience = 1
        self.process: subprocess.Popen[bytes] | None = None
        self._begin()

    @property
    def output(self) -> int:
        assert self.process is not None and self.process.stdout is not None
        return self.process.stdout.fileno()

    def _begin(self) -> None:
        self.end()
        if self._next >= self._count:
            return
        sandbox, kind, seed, count, jobs = self._fixed
        place = sandbox / f"job-{self._job}"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        self._log = place / "log.txt"
        command = [sys.executable, "-m", "fuzzing.pool", sandbox, place, kind, seed, self._next, count, jobs]
        command += [max(1.0, self._patience * self._limit - 2)]
        self._deadline = time.monotonic() + _START_SECONDS
        self._rest = b""
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                cwd=Path(__file__).parent.parent,
                env=environment(sandbox, place),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )

    def heard(self, ready: bool) -> Iterator[tuple[int, Ended]]:
        """New results of the process, also that it hangs or has died."""
        assert self.process is not None
        data = os.read(self.output, 2**16) if ready else b""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._deadline = time.monotonic() + self._patience * self._limit
            said = json.loads(line)
            if said:  # an empty line means that the process is ready
                yield said["number"], Ended(**said["ended"])
                self._next = said["number"] + self._jobs
                self._patience = 1
        if ready and not data:
            code = self.process.wait()
            if self._next < self._count:
                yield self._next, Ended("crash", f"exit code {code}: {self._last_words()}")
                self._next += self._jobs
            self._begin()
        elif time.monotonic() > self._deadline and self._patience == 1:
            self._patience = _PATIENCE
            self._begin()
        elif time.monotonic() > self._deadline:
            self._patience = 1
            yield self._next, Ended("hang", self._last_words())
            self._next += self._jobs
            self._begin()

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        ours = [line.strip() for line in lines if "site-packages" not in line and "File" in line]
        return (ours or lines or [""])[0][:200]

    def end(self) -> None:
        """End the process and everything that it started."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            assert self.process.stdout is not None
            self.process.stdout.close()
            self.process = None


def environment(sandbox: Path, place: Path) -> dict[str, str]:
    """Environment variables: home and temporary files in the sandbox, one thread, no network, no screen."""
    benchmarks = Path(__file__).parents[1]
    fixed = {
        "HOME": str(sandbox / "home"),
        "TMPDIR": str(place),
        "PYTHONPATH": f"{benchmarks}{os.pathsep}{benchmarks.parent}",
    }
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MALLOC_ARENA_MAX"), "1")
    quiet = {"MPLBACKEND": "Agg", "NO_ALBUMENTATIONS_UPDATE": "1", "HF_HUB_OFFLINE": "1"}
    return {**os.environ, **fixed, **threads, **quiet, "PYTHONHASHSEED": "0"}


def _warm(sandbox: Path, place: Path, kind: str) -> None:
    """Import all modules that the commands import, so that their memory does not count for an input."""
    import importlib

    from fuzzing.command_lines import NAMES, base
    from fuzzing.watch import run

    for name in ("onnx", "onnxruntime", "OpenEXR", "fgbg.predictor", "generator.preload"):
        with suppress(ImportError):
            importlib.import_module(name)
    with _case(place) as case, within(case):
        for name in KINDS[kind].commands or NAMES:
            run(name, *base(sandbox / "seeds", name))


@contextmanager
def _case(place: Path) -> Iterator[Path]:
    case = place / "case"
    case.mkdir()
    try:
        yield case
    finally:
        shutil.rmtree(case)


def one(sandbox: Path, place: Path, kind: str, seed: int, number: int, outside: Outside) -> Ended:
    """Make one input, run it, and return the result."""
    rng = random.Random(f"{seed}/{kind}/{number}")
    with _case(place) as case, within(case):
        work = KINDS[kind].trial(rng, sandbox / "seeds", case)
        random.seed(number)
        allowed = (f"{place.resolve()}/", f"{(sandbox / 'home').resolve()}/")
        return observe(work, outside, allowed)


def _work(
    sandbox: Path, place: Path, kind: str, seed: int, first: int, count: int, jobs: int, limit: float
) -> None:
    """The work of one process: one line of JSON per input on standard output."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # output of libraries goes to the log
    for category in (RuntimeWarning, UserWarning):
        warnings.simplefilter("always", category)
    _warm(sandbox, place, kind)
    outside = Outside(sandbox)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    limits = used + 2 * BOUND_MIB * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limits, limits))
    print("{}", file=answers, flush=True)
    for number in range(first, count, jobs):
        faulthandler.dump_traceback_later(limit, file=sys.stderr)
        ended = one(sandbox, place, kind, seed, number, outside)
        faulthandler.cancel_dump_traceback_later()
        print(json.dumps({"number": number, "ended": asdict(ended)}), file=answers, flush=True)


@contextmanager
def sandbox_at(folder: Path | None) -> Iterator[Path]:
    """A folder for everything, with the examples in it; a temporary folder if None is given."""
    if folder is None:
        with tempfile.TemporaryDirectory() as temporary, sandbox_at(Path(temporary)) as sandbox:
            yield sandbox
        return
    folder = folder.resolve()
    (folder / "home").mkdir(parents=True, exist_ok=True)
    begin(folder / "seeds")
    yield folder


if __name__ == "__main__":
    given = sys.argv[1:]
    _work(Path(given[0]), Path(given[1]), given[2], *map(int, given[3:7]), float(given[7]))
