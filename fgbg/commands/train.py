"""`fgbg train`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from fgbg.command_class import command as fgbg_command
from fgbg.options import dataset_argument
from fgbg.terminal import answer, say
from fgbg.train_options import train_options

if TYPE_CHECKING:
    from generator.places import Place
    from training.outcome import TrainOutcome
    from training.stages import Stage


@fgbg_command("train")
@dataset_argument
@train_options
@click.pass_context
def command(
    ctx: click.Context,
    /,
    data: "Place | None",
    out: Path,
    res: Sequence[tuple[int, int | None]],
    epochs: int,
    find_lr: bool,
    summary: bool,
    resume: bool,
    overwrite: bool,
    **fields: Any,
) -> None:
    """Train a network to predict mask and depth.

    DATA is the folder or URL of the dataset, the same as --data.

    Writes last.pt after each epoch, every few minutes, and when you stop the command with Ctrl-C; best.pt at
    the lowest validation loss; model-card.md, which describes the network; config.json with all options; and
    log/ with metrics.csv and TensorBoard files.

    With --resume, an option that you do not give keeps its value from the run.
    """
    from training.process.devices import is_first_process
    from training.run import describe_network, start_run, suggest_lr

    def is_given(name: str) -> bool:
        return ctx.get_parameter_source(name) is not ParameterSource.DEFAULT

    def say_once(*lines: str) -> None:
        if is_first_process():
            say(*lines)

    given = {name: value for name, value in fields.items() if is_given(name)} | {"out": out}
    if data is not None:
        given["data"] = data
    if stages := _stages(res if is_given("res") else None, epochs if is_given("epochs") else None):
        given["stages"] = stages
    if is_given("epochs") and is_given("res") and None not in dict(res).values():
        say_once("--epochs has no effect where every stage of --res names its own")
    if summary:
        answer(*describe_network(given, resume).table().splitlines())
    elif find_lr:
        for name in ("resume", "overwrite", "epochs"):
            if is_given(name):
                say_once(f"--{name} has no effect with --find-lr")
        suggest_lr(given, answer)
    else:
        say_once(*_closing_lines(start_run(given, resume, overwrite, say)))


def _stages(res: Sequence[tuple[int, int | None]] | None, epochs: int | None) -> "tuple[Stage, ...]":
    """The stages that --res and --epochs ask for: each of them holds only what was given."""
    from training.stages import Stage

    if res is None:
        return () if epochs is None else (Stage(epochs=epochs),)
    number_of = ((side, own or epochs) for side, own in res)
    return tuple(Stage(res=side) if own is None else Stage(res=side, epochs=own) for side, own in number_of)


def _closing_lines(outcome: "TrainOutcome") -> list[str]:
    """The last checkpoint, and the scores that the run ended with."""
    from training.run_display import scores_in_words

    scores = scores_in_words(outcome.metrics)
    return [f"{outcome.last}: epoch {outcome.position.epoch}", *([f"  {scores}"] if scores else [])]
