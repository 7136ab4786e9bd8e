"""The dataset that `generate` has to make: its pictures, its depth source, and what decides its bytes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.build_bank import NetworkDepth
from generator.config import GenerateConfig
from generator.decode_assets import find_unusable
from generator.depth.choice import DepthChoice, choose_depth
from generator.errors import AssetError, ConfigError, UnusableAssetsError
from generator.existing_dataset import Existing
from generator.files import hash_file
from generator.plan import Request


@dataclass(frozen=True)
class Job:
    """A dataset to make.

    Attributes:
        config: of the dataset.
        fgs: cut-outs.
        bgs: backgrounds.
        depth: the source of their depth.
        request: everything that decides the dataset's bytes.
    """

    config: GenerateConfig
    fgs: Sequence[Path]
    bgs: Sequence[Path]
    depth: DepthChoice
    request: Request

    @classmethod
    def of(cls, config: GenerateConfig, fgs: Sequence[Path], bgs: Sequence[Path]) -> "Job":
        """Hash the pictures, and the depth files if depth is read from files."""
        depth = choose_depth(config, bgs)
        config = config.model_copy(update={"depth_convention": depth.convention})
        identity = config.identity() | ({"depth": depth.network.id} if depth.network else {})
        bg_names = [path.relative_to(config.bg).as_posix() for path in bgs]
        request = Request(
            identity,
            {
                "fg": {path.relative_to(config.fg).as_posix(): hash_file(path) for path in fgs},
                "bg": dict(zip(bg_names, map(hash_file, bgs), strict=True)),
            },
            {name: hash_file(file) for name, file in zip(bg_names, depth.files, strict=True) if file},
        )
        return cls(config, fgs, bgs, depth, request)

    def without(
        self, problems: Mapping[Path, AssetError], config: GenerateConfig, say: Callable[[str], None]
    ) -> "Job":
        """The same dataset without some pictures.

        Raises:
            UnusableAssetsError: no foreground or no background is left.
        """
        fgs, bgs = ([path for path in some if path not in problems] for some in (self.fgs, self.bgs))
        if not fgs or not bgs:
            raise UnusableAssetsError(problems)
        for problem in problems.values():
            say(f"left out: {problem}")
        return self.of(config, fgs, bgs)

    def network_depth(self) -> NetworkDepth | None:
        """The network that estimates the depth of backgrounds; None where there is none."""
        if self.depth.network is None:
            return None
        config, hashes = self.config, list(self.request.hashes["bg"].values())
        return NetworkDepth(
            self.depth.network, config.depth_cache, self.depth.convention, hashes, config.size
        )


def choose_job(
    config: GenerateConfig,
    fgs: Sequence[Path],
    bgs: Sequence[Path],
    existing: Existing,
    overwrite: bool,
    say: Callable[[str], None],
    skip_bad: bool,
) -> Job:
    """The dataset to make, after making sure that it replaces nothing without permission.

    Raises:
        ConfigError: the folder holds a dataset of another config, or files that fgbg did not write.
    """
    if existing.manifest is None or overwrite:
        existing.refuse_foreign()
    job = Job.of(config, fgs, bgs)
    if overwrite:
        return job
    if skip_bad and (problems := _unusable_since(job, existing)):
        job = job.without(problems, config, say)
    if difference := existing.difference(job.request):
        raise ConfigError(config.out, "", difference, "use another `out`, or `overwrite=True` to replace it")
    return job


def _unusable_since(job: Job, existing: Existing) -> Mapping[Path, AssetError]:
    """The pictures that cannot be used, among those that the existing dataset was made without."""
    known = existing.asset_names()
    if known is None:
        return {}
    config = job.config
    fgs = [path for path in job.fgs if path.relative_to(config.fg).as_posix() not in known["fg"]]
    bgs = {
        path: file
        for path, file in zip(job.bgs, job.depth.files, strict=True)
        if path.relative_to(config.bg).as_posix() not in known["bg"]
    }
    return find_unusable(config, fgs, bgs, with_depth=job.depth.network is None)
