"""How the commands handle kills, full disks and damaged inputs.

    python benchmarks/faults.py kills [--fg FOLDER --bg FOLDER] [--kills 30] [--seed 0]
    python benchmarks/faults.py fuzz [--kind pictures] [--count 1000] [--seed 0]
    python benchmarks/faults.py fuzz --kind masks --seed 0 --only 123

`fuzz` gives 1,000 mutated inputs of each of nine kinds to the commands; the same seed gives the same
inputs. An input may be accepted, or refused with a message. Failures are a traceback, a warning or control
code on the screen, a hang, a file written elsewhere, a program started, or more than 1 GiB of memory above
the program without input. The exit code is 1 then. `--only` repeats one input and shows its traceback.
"""

import sys
import traceback
from pathlib import Path

import click
from fuzzing.kinds import KINDS
from fuzzing.pool import BOUND_MIB, HEADER, fuzz, sandbox_at
from kills import command as kills


@click.group()
def main() -> None:
    """Test the commands with faults and damaged inputs."""


@main.command("fuzz")
@click.option(
    "--kind", "kinds", type=click.Choice(list(KINDS)), multiple=True, help="Kind of input; all by default."
)
@click.option("--count", default=1000, show_default=True, help="Inputs of each kind.")
@click.option("--seed", default=0, show_default=True)
@click.option("--jobs", default=2, show_default=True, help="Processes.")
@click.option("--limit", default=30.0, show_default=True, help="Largest number of seconds for an input.")
@click.option("--only", type=int, help="Make only this input, and keep it.")
@click.option("--folder", type=click.Path(path_type=Path), help="Keep the examples here for the next run.")
@click.option("--failures", type=click.Path(path_type=Path), help="File that gets a line per failure.")
def fuzz_command(
    kinds: tuple[str, ...],
    count: int,
    seed: int,
    jobs: int,
    limit: float,
    only: int | None,
    folder: Path | None,
    failures: Path | None,
) -> None:
    """Give mutated inputs of each kind to the commands."""
    with sandbox_at(folder) as sandbox:
        if only is not None:
            show(sandbox, kinds[0], seed, only)
            return
        failed: list[str] = []
        print(f"{HEADER}  (bound {BOUND_MIB} MiB)", flush=True)
        for kind in kinds or KINDS:
            tally = fuzz(sandbox, kind, seed, count, jobs, limit)
            print(f"{tally.row()}  {tally.seconds:.0f} s", flush=True)
            failed += [f"seed {seed} {failure}" for failure in tally.failures]
            if failures is not None:
                failures.write_text("".join(f"{line}\n" for line in failed), errors="backslashreplace")
    print("\n".join(failed[:50] if failures else failed).encode("ascii", "backslashreplace").decode())
    sys.exit(1 if failed else 0)


def show(sandbox: Path, kind: str, seed: int, number: int) -> None:
    """Make one input in `FOLDER/only/case`, and do not catch its errors."""
    import random
    import shutil

    from fuzzing.watch import NoiseError, within

    case = sandbox / "only" / "case"
    shutil.rmtree(case, ignore_errors=True)
    case.mkdir(parents=True)
    (sandbox / "only" / "outside").mkdir(exist_ok=True)
    with within(case):
        work = KINDS[kind].trial(random.Random(f"{seed}/{kind}/{number}"), sandbox / "seeds", case)
        names = {
            name: cell.cell_contents
            for name, cell in zip(work.__code__.co_freevars, work.__closure__ or (), strict=True)
        }
        print(case, {name: value for name, value in names.items() if name not in ("seeds", "case")})
        try:
            print(work())
        except (Exception, NoiseError):
            traceback.print_exc()


main.add_command(kills)

if __name__ == "__main__":
    main()
