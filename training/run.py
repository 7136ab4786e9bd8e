"""Starting a run: a new one, or from its last checkpoint."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from generator.errors import UsageError
from generator.format.manifest import Manifest
from generator.progress import show_progress
from generator.reading.dataset import Dataset, find_manifest, open_dataset
from training.checkpoint import Checkpoint, load_checkpoint
from training.class_weights import resolve_class_weights
from training.config import TrainConfig, resolve_config
from training.engine import train_stages
from training.failures import explain_batch_errors, explain_lost_processes
from training.models.summary import NetworkSummary, summarise
from training.outcome import TrainOutcome
from training.plan import is_finished
from training.process.devices import is_first_process, make_fabric, resolve_machine
from training.records.run_files import BEST, LAST
from training.records.run_folder import (
    LOG_FOLDER,
    LR_PLOT,
    hold_run,
    recorded_config,
    recorded_data,
    refuse_foreign,
    refuse_foreign_plot,
)
from training.records.trackers import require_trackers
from training.stages import lay_over
from training.starting_weights import with_loaded_network
from training.target import require_same
from training.tuning.learning_rate import LrRange, find_lr, plot_lr_range
from training.unused_options import changed_on_resuming, idle_in_range_test, idle_in_run, idle_on_resuming

Say = Callable[[str], None]


def train(
    config: TrainConfig,
    resume: bool = False,
    overwrite: bool = False,
    say: Say | None = None,
    progress: bool = True,
) -> TrainOutcome:
    """Train a network on a dataset, or continue a run.

    Args:
        config: the settings of the run. With `resume`, fields that are not given in it stay as in the run.
        resume: continue the run in `config.out` from its last.pt; start a new run where there is none.
        overwrite: replace the run that `config.out` holds.
        say: gets lines on each epoch and on fields that have no effect. None: they are dropped.
        progress: show a progress bar on stderr.

    Returns:
        TrainOutcome: the checkpoints and the metrics of the last validation.

    Raises:
        UsageError: `out` holds a run and neither `resume` nor `overwrite` is given, or both are; `out` holds
            files that no run wrote; or the run was trained on another dataset and `data` is not given.
        ConfigError: fields contradict each other or the run, the device is missing, or another process
            trains in `out`.
        CheckpointError: last.pt or the file in `config.load` cannot be used, or no weight of it fits.
        DatasetError: the dataset cannot be used.
        RunError: the loss is no longer finite or grows without end; memory or another process is lost.
        StoppedError: Ctrl-C or SIGTERM stopped the run; its last step is saved.

    Example:
        >>> config = fgbg.TrainConfig(data="data/shards", out="runs/first", stages=[(48, 4), (96, 4)])
        >>> fgbg.train(config, say=print).best  # doctest: +SKIP
        PosixPath('runs/first/best.pt')
    """
    given = {name: getattr(config, name) for name in config.model_fields_set}
    return start_run(given, resume, overwrite, say, progress)


def start_run(
    given: Mapping[str, Any],
    resume: bool = False,
    overwrite: bool = False,
    say: Say | None = None,
    progress: bool = True,
) -> TrainOutcome:
    """The same as `train` for the fields given alone, which are checked together with those of the run.

    Args:
        given: fields of TrainConfig. The rest comes from the run to be resumed, else from the defaults.
        resume, overwrite, say, progress: as for `train`.
    """
    say = say if say is not None and is_first_process() else _say_nothing
    out = _out(given)
    if resume and overwrite:
        raise UsageError("`resume=True`", "", "contradicts `overwrite=True`", "leave one of them out")
    _refuse_held(out, resume, overwrite)
    with show_progress(progress and is_first_process()):
        dataset: Dataset | None = None
        if not _goes_on(out, resume):  # so that a mistake is reported before a folder is made
            given = with_loaded_network(given)
            config = resolve_run(given)
            require_trackers(config.logger)
            dataset = open_dataset(config.data)
        with hold_run(out):
            _refuse_held(out, resume, overwrite)
            earlier = load_checkpoint(out / LAST) if _goes_on(out, resume) else None
            if resume and earlier is None:
                say(f"{out / LAST} does not exist yet: starting a new run")
            return _start_held(given, earlier, dataset, say, overwrite)


def _start_held(
    given: Mapping[str, Any], earlier: Checkpoint | None, dataset: Dataset | None, say: Say, overwrite: bool
) -> TrainOutcome:
    """Start or continue a run in a folder that is locked for this call."""
    config = resolve_run(given, earlier)
    if earlier is not None:
        require_trackers(config.logger)
        for line in idle_on_resuming(given):
            say(line)
        if is_finished(config, earlier.position):
            stages = ", ".join(map(str, config.stages))
            say(
                f"{config.out / LAST}: the run is finished (stages {stages}). To train further, ask for more"
                " epochs or another resolution."
            )
            return TrainOutcome(config, earlier.position, earlier.metrics, 0)
    if is_first_process():  # the others may find files that it is writing
        refuse_foreign(config.out)
    dataset = dataset or open_dataset(config.data)
    config = resolve_machine(_for_mask_of(dataset, config, given, earlier))
    config = resolve_class_weights(config, dataset, say)
    if earlier is not None:
        _check_dataset(earlier, dataset, config.out, asked_for="data" in given, say=say)
        _say_where_it_goes_on(earlier, given, config, say)
    _say_what_is_missing(config, dataset, given, say)
    for line in idle_in_run(given, config, len(dataset["train"]), len(dataset["val"])):
        say(line)
    if config.lr == "auto":
        refuse_foreign_plot(config.out)
    return train_stages(config, dataset, earlier, say, overwrite)


def resolve_run(given: Mapping[str, Any], earlier: Checkpoint | None = None) -> TrainConfig:
    """The config of a run: the fields given, then those of the run to be resumed, then the defaults.

    Raises:
        ConfigError: fields contradict each other or the run.
    """
    asked = given.get("stages", ())
    if earlier is None:
        return resolve_config({**given, "stages": lay_over((), asked)})
    found = {name for name in ("lr", "batch_size", "class_weights") if given.get(name) == "auto"} | {"load"}
    kept = {name: value for name, value in given.items() if name not in found}
    position = earlier.position
    stages = lay_over(earlier.stages, asked, position.stage, position.stage_epochs)
    recorded = recorded_data(_out(given))
    place = {} if recorded is None else {"data": recorded}
    return resolve_config({**place, **kept, "stages": stages}, earlier.config)


def _for_mask_of(
    dataset: Dataset, config: TrainConfig, given: Mapping[str, Any], earlier: Checkpoint | None = None
) -> TrainConfig:
    """The config of a run on this dataset, which decides what the mask means.

    Raises:
        UsageError: the run to be resumed has masks that mean something else.
    """
    mask = dataset.manifest.mask
    if earlier is None:
        return resolve_run(_with_facts(given, dataset.manifest))
    require_same(dataset.folder, config.mask, mask)
    # Void pixels belong to the dataset, not to the network.
    return config.model_copy(update={"mask": mask}) if mask.kind == "alpha" else config


def _with_facts(given: Mapping[str, Any], manifest: Manifest) -> dict[str, Any]:
    """The fields of a new run, with those that its dataset decides.

    Without depth in the dataset the network gets no depth head, and without backgrounds no channels for them,
    unless they are asked for or loaded. The weights of such channels would stay random, and so would every
    answer with a background.
    """
    heads = {} if manifest.has_depth else {"depth_head": False}
    inputs = {} if manifest.has_bg else {"inputs": 3}
    return {**heads, **inputs, **given, "mask": manifest.mask}


def _say_what_is_missing(config: TrainConfig, dataset: Dataset, given: Mapping[str, Any], say: Say) -> None:
    """Say which parts are missing in the dataset, so that the run trains without them."""
    manifest = dataset.manifest
    if not len(dataset["val"]):
        say(f"{dataset.folder} has no val split: best.pt and the plateau follow the training loss")
    if not manifest.has_bg and given.get("inputs") != 3:
        takes = "learns nothing about them" if config.inputs == 6 else "gets only the picture"
        say(f"{dataset.folder} has no backgrounds: the network {takes}")
    if not manifest.has_depth:
        learns = "its depth head learns nothing" if config.depth_head else "it gets no depth head"
        say(f"{dataset.folder} has no depth: the network learns masks only, {learns}")


def _out(given: Mapping[str, Any]) -> Path:
    return Path(given.get("out", TrainConfig.model_fields["out"].default))


def _goes_on(out: Path, resume: bool) -> bool:
    return resume and (out / LAST).exists()


def _refuse_held(out: Path, resume: bool, overwrite: bool) -> None:
    """Raise a UsageError where `out` holds a run that is neither to be resumed nor overwritten."""
    held = [name for name in (LAST, BEST) if (out / name).exists()]
    if held and not (resume or overwrite):
        raise UsageError(
            out,
            "",
            f"holds a run already ({held[0]})",
            "Continue it with `resume=True`, replace it with `overwrite=True`, or use another `out`.",
        )
    if held and resume and LAST not in held:
        raise UsageError(
            out,
            "",
            f"holds {BEST} without {LAST}, so that no run can be resumed there",
            "Use another `out`, or replace the run with `overwrite=True`.",
        )


def _check_dataset(earlier: Checkpoint, dataset: Dataset, out: Path, asked_for: bool, say: Say) -> None:
    """Allow another dataset than the run's only where it is asked for.

    Raises:
        UsageError: it is not.
    """
    if earlier.dataset_id == dataset.manifest.id:
        return
    if not asked_for:
        raise UsageError(
            dataset.folder,
            "",
            f"(id {dataset.manifest.id[:12]}) is not the dataset that {out} was trained on"
            f" (id {earlier.dataset_id[:12]})",
            "Give the folder of the run's dataset with `data`. To continue on the other dataset, give its"
            " folder.",
        )
    say(f"{dataset.folder} is not the dataset that the run started with; training continues on it")


def _say_where_it_goes_on(
    earlier: Checkpoint, given: Mapping[str, Any], config: TrainConfig, say: Say
) -> None:
    """Say at which step the run continues, and what differs about the machine."""
    position = earlier.position
    within = f", step {position.epoch_steps:,} of the next one" if position.epoch_steps else ""
    say(f"{config.out / LAST}: resuming after epoch {position.epoch}{within}")
    for line in changed_on_resuming(given, recorded_config(config.out), config):
        say(line)


def suggest_lr(given: Mapping[str, Any], say: Say | None = None, progress: bool = True) -> LrRange:
    """Find a learning rate for a new run at its first stage, and save a chart of it in the log.

    Args:
        given: fields of TrainConfig.
        say: gets a line with the rate. None: it is dropped.
        progress: show a progress bar on stderr.

    Raises:
        RunError: the loss fell at no rate.
        ConfigError: fields contradict each other, or another process trains in `out`.
        UsageError: no run wrote the chart that is there.
        DatasetError: the dataset cannot be used.
    """
    say = say if say is not None and is_first_process() else _say_nothing
    given = with_loaded_network(given)
    config = resolve_run(given)
    path = config.out / LOG_FOLDER / LR_PLOT
    with show_progress(progress and is_first_process()), hold_run(config.out):
        dataset = open_dataset(config.data)
        config = resolve_machine(_for_mask_of(dataset, config, given))
        config = resolve_class_weights(config, dataset, say)
        refuse_foreign_plot(config.out)
        for line in idle_in_range_test(given):
            say(line)
        fabric = make_fabric(config)
        with explain_lost_processes(config, fabric), explain_batch_errors(config):
            found = find_lr(config, fabric, dataset)
        if fabric.is_global_zero:
            plot_lr_range(found, path)
            say(f"{path}: the loss falls fastest at `lr={found.suggested:.2g}`")
    return found


def describe_network(given: Mapping[str, Any], resume: bool = False) -> NetworkSummary:
    """A summary of the network that `start_run` would train, at its last resolution.

    Nothing is written. With `resume`, last.pt is read. If `data` is no dataset, the mask counts as alpha.

    Args:
        given, resume: as for `start_run`.

    Raises:
        ConfigError: fields contradict each other or the run to be resumed.
        CheckpointError: last.pt cannot be used.
        DatasetError: the dataset is damaged.
    """
    out = _out(given)
    if _goes_on(out, resume):
        config = resolve_run(given, load_checkpoint(out / LAST))
    else:
        given = with_loaded_network(given)
        config = resolve_run(given)
        if (manifest := find_manifest(config.data)) is not None:
            config = resolve_run(_with_facts(given, manifest))
    return summarise(config.architecture, config.stages[-1].res)


def _say_nothing(line: str) -> None:
    """For processes other than the first, and for callers that want no lines."""
