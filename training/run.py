"""Where a run begins: anew, from its last checkpoint, or not at all."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from generator.dataset import open_dataset
from generator.errors import UsageError
from training.auto import LR_PLOT, find_lr, plot_lr_range
from training.checkpoint import Checkpoint, load_checkpoint
from training.config import TrainConfig, resolve_config
from training.devices import make_fabric
from training.engine import TrainOutcome, train
from training.mishaps import batch_told, peers_told
from training.plan import is_finished
from training.run_files import BEST, LAST
from training.schedule import GivenStage, lay_over, parse_stages
from training.summary import NetworkSummary, summarise

DEFAULT_RES = "96"
DEFAULT_EPOCHS = 5


def start_run(
    data: Path,
    out: Path,
    given: Mapping[str, Any],
    res: str | None,
    epochs: int | None,
    resume: bool,
    overwrite: bool,
    say: Callable[[str], None],
) -> TrainOutcome:
    """Train, or resume, or find that nothing is left to do.

    Args:
        data: folder of the dataset.
        out: folder of the run.
        given: fields of TrainConfig that were asked for; the rest comes from the run resumed, else defaults.
        res: stages as `parse_stages` reads them; None leaves them to the run resumed, else the default.
        epochs: of stages that do not say their own.
        resume: go on from last.pt where there is one.
        overwrite: remove the run that `out` holds.
        say: gets a line now and then.

    Raises:
        UsageError: `out` holds a run and neither resume nor overwrite is asked for, or both are.
        ConfigError: options contradict each other or the run to be resumed.
        CheckpointError: last.pt cannot be used.
        DatasetError: the dataset cannot be used.
    """
    if resume and overwrite:
        raise UsageError("--resume", "either --resume or --overwrite", "both", "leave one of them out")
    held = [path for path in (out / LAST, out / BEST) if path.exists()]
    if held and not (resume or overwrite):
        raise UsageError(
            out, "a folder without a run", held[0].name, "use --resume, another --out, or --overwrite"
        )
    asked = parse_stages(res, epochs) if res is not None else []
    earlier: Checkpoint | None = None
    if resume and (out / LAST).exists():
        earlier = load_checkpoint(out / LAST)
    elif resume and held:
        raise UsageError(out, f"{LAST} beside {BEST}", "none", "use another --out, or --overwrite")
    elif resume:
        say(f"{out / LAST}: nothing to resume, starting anew")

    if earlier is not None:  # what auto was found to be stays
        given = {
            name: value
            for name, value in given.items()
            if value != "auto" or name not in ("lr", "batch_size")
        }
    config = _resolve({**given, "data": data, "out": out}, asked, epochs, earlier)
    dataset = open_dataset(data)
    if earlier is not None:
        if is_finished(config, earlier.position):
            say(
                f"{out / LAST}: all stages ({', '.join(map(str, config.stages))}) are finished, nothing to do"
            )
            return TrainOutcome(earlier.position, earlier.metrics, 0)
        if earlier.dataset_id != dataset.manifest.id:
            say(f"{data}: note that this is not the dataset the run began with; going on with it")
        steps = earlier.position.epoch_steps
        within = f" and {steps:,} steps of the next" if steps else ""
        say(f"{out / LAST}: resuming after epoch {earlier.position.epoch}{within}")
    if not len(dataset["val"]):
        say(f"{data}: no val split; best.pt and the plateau follow the training loss")
    return train(config, dataset, earlier, say, overwrite)


def suggest_lr(data: Path, out: Path, given: Mapping[str, Any], res: str, say: Callable[[str], None]) -> None:
    """Find a learning rate for a new run, save the plot of it in the log, and say it.

    Args:
        data: folder of the dataset.
        out: folder that the run will have.
        given: fields of TrainConfig that were asked for.
        res: stages as `parse_stages` reads them; the first counts.
        say: gets the line.

    Raises:
        RunError: the loss fell at no rate.
        ConfigError: options cannot be.
        DatasetError: the dataset cannot be used.
    """
    config = _resolve({**given, "data": data, "out": out}, parse_stages(res, 1), None, None)
    fabric = make_fabric(config)
    with peers_told(config, fabric), batch_told(config):
        found = find_lr(config, fabric, open_dataset(data))
    if fabric.is_global_zero:
        path = out / "log" / LR_PLOT
        plot_lr_range(found, path)
        say(f"{path}: the loss falls fastest at --lr {found.suggested:.2g}")


def describe_network(
    out: Path, given: Mapping[str, Any], res: str | None, epochs: int | None, resume: bool
) -> NetworkSummary:
    """The network that `start_run` would train, at its last resolution, from the options alone.

    Nothing is written, and nothing read but last.pt with `resume`.

    Args:
        out, given, res, epochs, resume: as for `start_run`.

    Raises:
        ConfigError: options contradict each other or the run to be resumed.
        CheckpointError: last.pt cannot be used.
    """
    asked = parse_stages(res, epochs) if res is not None else []
    earlier = load_checkpoint(out / LAST) if resume and (out / LAST).exists() else None
    config = _resolve(given, asked, epochs, earlier)
    return summarise(config.architecture, config.stages[-1].res)


def _resolve(
    given: Mapping[str, Any],
    asked: Sequence[GivenStage],
    epochs: int | None,
    earlier: Checkpoint | None,
) -> TrainConfig:
    """The config of a run, its stages laid over those of the run resumed."""
    stages = lay_over(
        earlier.stages if earlier else (),
        asked or _default_stages(epochs, earlier),
        earlier.position.stage if earlier else 0,
        earlier.position.stage_epochs if earlier else 0,
        DEFAULT_EPOCHS,
    )
    return resolve_config({**given, "stages": stages}, earlier.config if earlier else None)


def _default_stages(epochs: int | None, earlier: Checkpoint | None) -> list[GivenStage]:
    """Without --res: the resolution of the run resumed, or the default."""
    if earlier is None:
        return parse_stages(DEFAULT_RES, epochs)
    return [] if epochs is None else [GivenStage(earlier.res, epochs)]
