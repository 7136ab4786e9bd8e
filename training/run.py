"""Where a run begins: from nothing, from its last checkpoint, or not at all."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from generator.errors import UsageError
from generator.reading.dataset import Dataset, open_dataset
from training.checkpoint import Checkpoint, load_checkpoint
from training.config import TrainConfig, resolve_config
from training.engine import TrainOutcome, train
from training.idle_options import changed_on_resuming, idle_in_range_test, idle_in_run, idle_on_resuming
from training.mishaps import batch_told, peers_told
from training.models.summary import NetworkSummary, summarise
from training.plan import is_finished
from training.process.devices import is_first_process, make_fabric
from training.records.run_files import BEST, LAST
from training.records.run_folder import (
    LOG_FOLDER,
    LR_PLOT,
    hold_run,
    is_run_plot,
    recorded_config,
    recorded_data,
    refuse_foreign,
    refuse_foreign_file,
)
from training.stages import GivenStage, lay_over, parse_stages
from training.tuning import find_lr, plot_lr_range

DEFAULT_DATA = Path("data/shards")
DEFAULT_RES = "96"
DEFAULT_EPOCHS = 5
_FOUND_BEFORE = (("lr", "auto"), ("batch_size", "auto"))
"""What a run that goes on has long found."""


def start_run(
    data: Path | None,
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
        data: folder of the dataset; None is that of the run resumed, else data/shards.
        out: folder of the run.
        given: fields of TrainConfig that were asked for; the rest comes from the run resumed, else defaults.
        res: stages as `parse_stages` reads them; None leaves them to the run resumed, else the default.
        epochs: of stages that do not say their own.
        resume: go on from last.pt where there is one.
        overwrite: remove the run that `out` holds.
        say: gets a line now and then.

    Raises:
        UsageError: `out` holds a run and neither resume nor overwrite is asked for, or both are; it holds
            files that no run wrote; or the run resumed is of another dataset and `data` is None.
        ConfigError: options contradict each other or the run to be resumed, or another call trains in `out`.
        CheckpointError: last.pt cannot be used.
        DatasetError: the dataset cannot be used.
    """
    if resume and overwrite:
        raise UsageError(
            "`resume=True`", "either `resume=True` or `overwrite=True`", "both", "leave one of them out"
        )
    asked = parse_stages(res, epochs) if res is not None else []
    _refuse_held(out, resume, overwrite)
    dataset: Dataset | None = None
    if not (resume and (out / LAST).exists()):  # what cannot be is said before a folder is made
        _resolve(given, asked, epochs, None)
        dataset = open_dataset(data or DEFAULT_DATA)
    with hold_run(out):
        _refuse_held(out, resume, overwrite)
        earlier = load_checkpoint(out / LAST) if resume and (out / LAST).exists() else None
        if earlier is not None:
            for line in idle_on_resuming(given):
                say(line)
            given = {name: value for name, value in given.items() if (name, value) not in _FOUND_BEFORE}
        elif resume:
            say(f"{out / LAST}: not there yet, starting a new run")
        place = data or (recorded_data(out) if earlier else None) or DEFAULT_DATA
        config = _resolve({**given, "data": place, "out": out}, asked, epochs, earlier)
        if earlier is not None and is_finished(config, earlier.position):
            stages = ", ".join(map(str, config.stages))
            say(f"{out / LAST}: all stages ({stages}) are finished, nothing to do")
            return TrainOutcome(earlier.position, earlier.metrics, 0)
        if is_first_process():  # the others may find what it has begun to write
            refuse_foreign(out)
        dataset = dataset or open_dataset(place)
        if earlier is not None:
            _check_dataset(earlier, dataset, asked_for=data is not None, say=say)
            steps = earlier.position.epoch_steps
            within = f" and {steps:,} steps of the next" if steps else ""
            say(f"{out / LAST}: resuming after epoch {earlier.position.epoch}{within}")
            for line in changed_on_resuming(given, recorded_config(out), config):
                say(line)
        if not len(dataset["val"]):
            say(f"{dataset.folder}: no val split; best.pt and the plateau follow the training loss")
        if epochs is not None and res is not None and all(":" in stage for stage in res.split(",")):
            say("`epochs` has no effect where every stage of `res` says its own")
        for line in idle_in_run(given, config, len(dataset["train"]), len(dataset["val"])):
            say(line)
        if config.lr == "auto":
            refuse_foreign_file(out / LOG_FOLDER / LR_PLOT, is_run_plot)
        return train(config, dataset, earlier, say, overwrite)


def _refuse_held(out: Path, resume: bool, overwrite: bool) -> None:
    """Leave a run in `out` alone unless it is to go on or to be overwritten.

    Raises:
        UsageError: there is one.
    """
    held = [name for name in (LAST, BEST) if (out / name).exists()]
    if held and not (resume or overwrite):
        raise UsageError(
            out, "a folder without a run", held[0], "use `resume=True`, another `out`, or `overwrite=True`"
        )
    if held and resume and LAST not in held:
        raise UsageError(out, f"{LAST} beside {BEST}", "none", "use another `out`, or `overwrite=True`")


def _check_dataset(
    earlier: Checkpoint, dataset: Dataset, asked_for: bool, say: Callable[[str], None]
) -> None:
    """Go on with another dataset than the run's only where it was asked for.

    Raises:
        UsageError: it was not.
    """
    if earlier.dataset_id == dataset.manifest.id:
        return
    if not asked_for:
        raise UsageError(
            dataset.folder,
            f"the dataset of the run (id {earlier.dataset_id[:12]})",
            f"another (id {dataset.manifest.id[:12]})",
            "say with `data` where the run's is; to go on with this one, name it with `data`",
        )
    say(f"{dataset.folder}: note that this is not the dataset the run began with; going on with it")


def suggest_lr(
    data: Path | None,
    out: Path,
    given: Mapping[str, Any],
    res: str,
    say: Callable[[str], None],
    **idle: object,
) -> None:
    """Find a learning rate for a new run, save the plot of it in the log, and say it.

    Args:
        data: folder of the dataset; None is data/shards.
        out: folder that the run will have.
        given: fields of TrainConfig that were asked for.
        res: stages as `parse_stages` reads them; the first counts.
        say: gets the line.
        idle: options of a run by name, and whether they were given: they have no effect here, which is said.

    Raises:
        RunError: the loss fell at no rate.
        ConfigError: options cannot be, or another call trains in `out`.
        UsageError: a plot stands there that no call of train drew.
        DatasetError: the dataset cannot be used.
    """
    place = data or DEFAULT_DATA
    config = _resolve({**given, "data": place, "out": out}, parse_stages(res, 1), None, None)
    dataset = open_dataset(place)
    path = out / LOG_FOLDER / LR_PLOT
    with hold_run(out):
        refuse_foreign_file(path, is_run_plot)
        for line in idle_in_range_test(given, **idle):
            say(line)
        fabric = make_fabric(config)
        with peers_told(config, fabric), batch_told(config):
            found = find_lr(config, fabric, dataset)
        if fabric.is_global_zero:
            plot_lr_range(found, path)
            say(f"{path}: the loss falls fastest at `lr={found.suggested:.2g}`")


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
    """Without `res`: the resolution of the run resumed, or the default."""
    if earlier is None:
        return parse_stages(DEFAULT_RES, epochs)
    return [] if epochs is None else [GivenStage(earlier.res, epochs)]
