"""`import_labelled`: from labelled pictures to shards, then to the manifest; it can resume at every shard."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from blake3 import blake3

from generator.assets.pixel_budget import PixelBudget
from generator.errors import AssetError, ConfigError
from generator.existing_dataset import LOOKED_FILE, Existing
from generator.files import write_atomically
from generator.format.journal import Journal, JournalHead, JournalLine
from generator.format.labelled_shards import labelled_shard_bytes
from generator.format.manifest import MANIFEST_FILE, LabelledManifest
from generator.importing.config import ImportConfig
from generator.importing.finished import find_changes
from generator.importing.look import look_at
from generator.importing.make_shard import LabelledShardMaker
from generator.importing.manifest import make_labelled_manifest, stored_mask
from generator.importing.plan import (
    ShardTask,
    choose_splits,
    notes_about,
    official_splits,
    plan_shards,
    to_draw,
)
from generator.importing.problems import Problems
from generator.importing.request import Request
from generator.importing.unpack import unpacked
from generator.label_formats.formats import list_source
from generator.numerals import format_bytes
from generator.output import hold_output
from generator.places import Place, Url
from generator.progress import Progress, show_progress
from generator.runner import LOCAL
from generator.shard_runs import STATISTICS_SAMPLES, check_disk, keep_finished, make_shards
from generator.splits import SPLITS
from generator.workers import cores, end_if_script_is_imported, process_context

# A process takes half a second to start, so each gets at least this many pictures.
_PICTURES_PER_WORKER = 200


@dataclass(frozen=True)
class ImportOutcome:
    """The result of `import_labelled`.

    Attributes:
        manifest: of the finished dataset.
        written: the number of samples that this call wrote; 0 if the dataset was complete already.
        seconds: the time that looking at pictures and writing them took.
        bytes: the size of the whole dataset.
        problems: the file that lists what was left out; None if nothing was.
    """

    manifest: LabelledManifest
    written: int
    seconds: float
    bytes: int
    problems: Place | None = None


def import_labelled(
    config: ImportConfig,
    overwrite: bool = False,
    strict: bool = False,
    say: Callable[[str], None] = lambda line: None,
    progress: bool = True,
) -> ImportOutcome:
    """Make a dataset of labelled pictures, or continue an unfinished one; a finished one stays as it is.

    Nothing is printed on stdout. With several workers, new processes import your script: put your own code
    under `if __name__ == "__main__":`, as `multiprocessing` requires.

    Pictures that cannot be used are left out, counted in the manifest, and listed in `problems.csv` in the
    dataset's folder.

    Args:
        config: what to import, as in `ImportConfig(format="voc", source="VOC2012", out="data/voc")`. A source
            that is an archive is unpacked beside it first.
        overwrite: replace a dataset that is there; only files that belong to it are removed.
        strict: leave nothing out: if something cannot be used, no dataset is finished.
        say: called with lines of text for the user: what the format assumed, what is left out, the size of
            the dataset. By default they are not shown.
        progress: whether to show progress on stderr.

    Raises:
        AssetError: the source is not of this format, or no picture can be used, or with `strict` one cannot.
        ConfigError: the folder holds a dataset of another config or of other pictures, or files that fgbg
            did not write, or another process writes there.
        UsageError: a choice that the format does not have.
        DatasetError: the finished dataset there is damaged.
        DiskSpaceError: the dataset would not fit on the disk.

    Example:
        >>> config = fgbg.ImportConfig(format="folder", source=".", out="imported", split=None)
        >>> fgbg.import_labelled(config, progress=False).manifest.mask.kind
        'alpha'
    """
    end_if_script_is_imported()
    with show_progress(progress):
        source = unpacked(config.source, say)
    request = Request.of(config, list_source(config.format, source, config.choice))
    for note in [*request.source.notes, *notes_about(config, request.source.items)]:
        say(note)
    with show_progress(progress), hold_output(config.out, "fgbg import", keeps_shards=True) as output:
        problems = Problems(output, request.source.items, say)
        existing = Existing.look(output, overwrite)
        _refuse(request, existing, overwrite)
        if isinstance(existing.manifest, LabelledManifest) and not overwrite:
            return _complete(request, existing, existing.manifest)
        output.require_writable()
        problems.list(request.source.problems)
        if strict and len(problems):
            raise problems.refuse()
        return _Import(request, existing, problems, overwrite, strict, say).make()


def _refuse(request: Request, existing: Existing, overwrite: bool) -> None:
    """Make sure that nothing is replaced without permission.

    Raises:
        ConfigError: the folder holds another dataset, or files that fgbg did not write.
    """
    if existing.manifest is None or overwrite:
        existing.refuse_foreign()
    if not overwrite and (difference := request.difference(existing)):
        raise ConfigError(
            request.config.out, "", difference, "use another `out`, or `overwrite=True` to replace it"
        )


def _complete(request: Request, existing: Existing, manifest: LabelledManifest) -> ImportOutcome:
    """The outcome for a dataset that was finished already.

    Raises:
        ConfigError: a file of its source has changed since.
        DatasetError: a file of it is missing or of another size.
    """
    output = existing.output
    for problem in output.wrong_sizes(manifest.files()).values():
        raise problem
    output.bring(manifest.files())
    lines = list(existing.journal.shards.values())
    workers = _workers(request.config, len(request.source.items))
    changes = find_changes(
        output.folder,
        manifest.size,
        manifest.fields,
        request.source.items,
        lines or [entry for split in manifest.splits.values() for entry in split.shards],
        workers,
    )
    for change in changes.values():
        found = f"was made of other pictures ({change})"
        raise ConfigError(output.where, "", found, "use another `out`, or `overwrite=True` to replace it")
    return ImportOutcome(manifest, 0, 0.0, sum(entry.bytes for entry in manifest.files()))


@dataclass(frozen=True)
class _Import:
    """One import, after everything that can be refused at once."""

    request: Request
    existing: Existing
    problems: Problems
    overwrite: bool
    strict: bool
    say: Callable[[str], None]

    def make(self) -> ImportOutcome:
        """Make what is missing of the dataset."""
        config, items = self.request.config, self.request.source.items
        began = time.monotonic()
        self._check_disk()
        if self.overwrite or self.existing.journal.head is None:
            self._begin()
        tasks = self._plan()
        journal = self.existing.journal
        finished = self._keep_finished(journal, tasks)
        todo = [task for task in tasks if task.file not in finished]
        for line in journal.shards.values():
            self.problems.leave_out(line.left_out)
        self._make(tasks, todo, journal)
        if self.strict and len(self.problems):
            raise self.problems.refuse()
        lines = {name: [journal.shards[task.file] for task in tasks if task.split == name] for name in SPLITS}
        if not any(line.samples for some in lines.values() for line in some):
            raise self._nothing_left()
        official = bool(official_splits(config, items))
        manifest = make_labelled_manifest(self.request, lines, len(self.problems), official)
        self.problems.say_number()
        output = self.existing.output
        (output.folder / LOOKED_FILE).unlink(missing_ok=True)
        write_atomically(output.folder / MANIFEST_FILE, manifest.model_dump_json(indent=1).encode() + b"\n")
        output.store(MANIFEST_FILE)
        written = sum(journal.shards[task.file].samples for task in todo)
        size = sum(entry.bytes for entry in manifest.files())
        path = self.problems.write()
        return ImportOutcome(manifest, written, time.monotonic() - began, size, path)

    def _check_disk(self) -> None:
        config, items = self.request.config, self.request.source.items
        names = sum(len(item.name) for item in items)
        size = labelled_shard_bytes(len(items), config.size, self.request.fields, names)
        where = "set FGBG_CACHE to" if isinstance(config.out, Url) else "use"
        advice = f"lower `size`, or {where} a folder on a larger disk"
        check_disk(config.folder, size, self.existing.files, advice)
        self.say(f"dataset: about {len(items):,} samples, {format_bytes(size)}")

    def _begin(self) -> None:
        """Start the journal; what is there of an earlier dataset is removed."""
        counts = self.existing.shard_counts()
        pictures = len(self.request.source.items)
        most = -(-pictures // self.request.config.samples_in_shard(pictures))
        shards = {name: max(counts.get(name, 0), most) for name in SPLITS}
        head = JournalHead(id=self.request.id, request=self.request.stored, shards=shards)
        files = self.existing.files
        self.existing.journal.begin(head)
        if files:
            self.existing.clear()

    def _plan(self) -> Sequence[ShardTask]:
        """The shards, after looking at the pictures whose split is drawn."""
        config, items = self.request.config, self.request.source.items
        numbers = to_draw(config, items)
        looked = look_at(items, numbers, config.folder, _workers(config, len(numbers)))
        self.problems.leave_out(looked.left_out)
        if self.strict and len(self.problems):
            raise self.problems.refuse()
        without = frozenset(picture.sample_id for picture in looked.left_out)
        if len(without) == len(items):
            raise self._nothing_left()
        splits = choose_splits(config, items, looked.hashes)
        return plan_shards(config, items, splits, without)

    def _keep_finished(self, journal: Journal, tasks: Sequence[ShardTask]) -> set[str]:
        """The names of the shards that are finished, intact, and of pictures that have not changed since."""
        config = self.request.config
        lines = [
            line
            for task in tasks
            if (line := journal.shards.get(task.file)) is not None
            and line.planned == task.planned
            and not (self.strict and line.left_out)
        ]
        output = self.existing.output
        keep_finished(output, journal, lines, self.say)
        workers = _workers(config, sum(line.samples for line in lines))
        kept = list(journal.shards.values())
        output.bring([line for line in kept if line.samples])
        items = self.request.source.items
        changed = find_changes(output.folder, config.size, self.request.fields, items, kept, workers)
        for file in sorted(changed):
            self.say(f"{config.out / file}: {changed[file]}; it is made again")
        if changed:
            assert journal.head is not None
            journal.begin(journal.head, [line for line in kept if line.file not in changed])
        return set(journal.shards)

    def _make(self, tasks: Sequence[ShardTask], todo: Sequence[ShardTask], journal: Journal) -> None:
        request, config = self.request, self.request.config
        total, missing = (sum(len(task.items) for task in some) for some in (tasks, todo))
        workers = min(_workers(config, missing), max(1, len(todo)))
        train = sum(task.split == "train" for task in tasks)
        maker = LabelledShardMaker(
            config,
            request.source.read_label,
            stored_mask(request.source.mask),
            request.fields,
            statistics_samples=math.ceil(STATISTICS_SAMPLES / max(1, train)),
            threads=1 if workers > 1 else blake3.AUTO,
            whole=self.strict,
            budget=PixelBudget(workers, process_context() if workers > 1 else None),
        )

        def keep(line: JournalLine) -> None:
            self.problems.leave_out(line.left_out)
            if not (self.strict and line.left_out):
                journal.append(line)

        with Progress("importing", total, "pictures") as progress:
            progress.resume_at(total - missing)
            make_shards(maker, todo, workers, LOCAL, progress, keep, self.existing.output)

    def _nothing_left(self) -> AssetError:
        error = self.problems.refuse()
        return AssetError(
            self.request.config.source,
            "",
            f"has no picture that can be used: {error.where} {error.found}",
            "correct the pictures and masks, or choose another format",
        )


def _workers(config: ImportConfig, pictures: int) -> int:
    if config.workers != "auto":
        return config.workers
    return max(1, min(cores(), pictures // _PICTURES_PER_WORKER))
