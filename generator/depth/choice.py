"""Where the depth of a dataset comes from, and what its numbers mean; decided before anything is made."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.config import DepthConvention, GenerateConfig, is_network
from generator.depth.network_protocol import DepthNetwork
from generator.depth.networks import open_network
from generator.depth.pairing import depth_files_of, depth_without_background
from generator.errors import AssetError, ConfigError, printable

MEANING: dict[DepthConvention, str] = {"inverse": "larger is nearer", "metric": "larger is farther"}


@dataclass(frozen=True)
class DepthChoice:
    """Where depth comes from.

    Attributes:
        files: the depth file of each background; None for the plane, and with a network.
        network: the network that estimates depth, or None.
        convention: what the numbers of files or of the network mean.
        notes: lines for the user: how many backgrounds get depth from where, and options without effect.
    """

    files: Sequence[Path | None]
    network: DepthNetwork | None
    convention: DepthConvention
    notes: Sequence[str]


def choose_depth(config: GenerateConfig, backgrounds: Sequence[Path]) -> DepthChoice:
    """Find the depth files of backgrounds, or open the network, that `config` asks for.

    Raises:
        AssetError: a background has two depth files, or none although files are asked for; or the network
            is broken.
        ConfigError: the network does not say what its numbers mean, or its package is not installed.
    """
    if is_network(config.depth):
        network = open_network(config.depth)
        convention, note = _convention_of(network, config)
        source = f"depth: {len(backgrounds):,} from {printable(config.depth)}"
        return DepthChoice(
            [None] * len(backgrounds), network, convention, [source, note, *_idle(config, None)]
        )
    files = _find_files(config.depth, backgrounds)
    notes = [*_describe(files, backgrounds, config), *_idle(config, files)]
    return DepthChoice(files, None, config.known_convention, notes)


def _find_files(choice: str, backgrounds: Sequence[Path]) -> list[Path | None]:
    if choice == "plane":
        return [None] * len(backgrounds)
    files = depth_files_of(backgrounds)
    for background, file in zip(backgrounds, files, strict=True):
        if choice == "files" and file is None:
            fix = f"add {background.stem}.depth.png (or .npy, .npz, .tif, .pfm, .exr), or use `depth=auto`"
            raise AssetError(background, "", "has no depth file", fix)
    return files


def _convention_of(network: DepthNetwork, config: GenerateConfig) -> tuple[DepthConvention, str]:
    """What the numbers of a network mean, and a line that says why."""
    asked, told = config.depth_convention, network.told
    if asked == "auto":
        if told is None:
            raise ConfigError(
                f"`depth={config.depth}`",
                "a network that says what its numbers mean",
                "none",
                "add `depth_convention=inverse` (larger is nearer) or metric (larger is farther)",
            )
        return told.convention, f"depth network: {told.convention}, {MEANING[told.convention]} ({told.by})"
    note = f"depth network: {asked}, {MEANING[asked]} (`depth_convention`)"
    if told is not None and told.convention != asked:
        note = f"warning: `depth_convention={asked}` contradicts the network: {told.convention} ({told.by})"
    return asked, note


def _describe(files: Sequence[Path | None], backgrounds: Sequence[Path], config: GenerateConfig) -> list[str]:
    counts = Counter("plane" if file is None else "from files" for file in files)
    notes = ["depth: " + ", ".join(f"{counts[kind]:,} {kind}" for kind in sorted(counts))]
    if counts["from files"]:
        convention = config.known_convention
        why = (
            "`depth_convention`" if config.depth_convention != "auto" else "`depth_convention=metric` if not"
        )
        notes.append(f"depth files: {convention}, {MEANING[convention]} ({why})")
    lonely = depth_without_background({path.parent for path in backgrounds})
    if lonely and config.depth != "plane":
        named = ", ".join(printable(path) for path in lonely[:3]) + (", ..." if len(lonely) > 3 else "")
        notes.append(f"depth files without a background, not used: {len(lonely):,} ({named})")
    return notes


def _idle(config: GenerateConfig, files: Sequence[Path | None] | None) -> list[str]:
    """A line for each option that has no effect; `files` is None with a network."""
    from_files = files is not None and any(files)
    notes = []
    if files is not None and config.depth_cache is not None:
        notes.append(f"`depth_cache` has no effect: `depth={config.depth}` runs no network")
    if files is not None and not from_files and config.depth_convention != "auto":
        notes.append("`depth_convention` has no effect: there is neither a depth file nor a network")
    if not from_files and config.depth_invalid != GenerateConfig.model_fields["depth_invalid"].default:
        notes.append("`depth_invalid` has no effect: no depth is read from files")
    return notes
