"""`review`: what is wrong with two folders of assets, found before anything is generated from them."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from generator.assets.duplicates import PerceptualHash, over_grey, perceptual_hash
from generator.assets.images import Traits, read_rgb, read_rgba, read_traits
from generator.assets.listing import CUT_OUTS_ADVICE, PHOTOS_ADVICE, list_pictures
from generator.assets.pixel_budget import PixelBudget
from generator.depth.pairing import all_depth_files_of
from generator.errors import AlphaError, ImageError
from generator.files import hash_file
from generator.progress import Progress, show_progress
from generator.resize import fit_picture, scale_sprite
from generator.review.backgrounds import flaws_of_background
from generator.review.cutouts import flaws_of_cut_out
from generator.review.depth_maps import flaws_of_depth
from generator.review.finding import SEVERITIES, Asset, Finding, Flaw, Kind
from generator.review.folders import findings_of_duplicates, findings_of_names, findings_of_unmatched_depth
from generator.review.limits import Limits
from generator.review.pictures import flaws_of_storage
from generator.workers import cores


@dataclass(frozen=True)
class Review:
    """The result of `review`.

    Attributes:
        pictures: how many pictures both folders hold.
        findings: errors first, then by kind, name and problem.

    Example:
        >>> review = fgbg.review("data/fg", "data/bg")
        >>> [finding.name for finding in review.findings if finding.severity == "error"]
        []
    """

    pictures: int
    findings: list[Finding]


def review(
    fg: str | Path,
    bg: str | Path,
    limits: Limits | None = None,
    say: Callable[[str], None] = lambda line: None,
    progress: bool = True,
) -> Review:
    """Look at every picture of two folders, several at a time, and compare them with each other.

    Args:
        fg: folder of cut-outs.
        bg: folder of backgrounds; their depth files are looked at too.
        limits: where flaws begin; by default for a dataset of 192 x 192 pixels.
        say: gets a line about files that are skipped.
        progress: show a progress bar.

    Raises:
        AssetError: a folder is missing, cannot be read, or holds no picture.

    Example:
        >>> fgbg.review("data/fg", "data/bg", fgbg.Limits(size=(64, 64), fg_size=32)).pictures
        24
    """
    assets = [
        *_list_assets("fg", Path(fg), say, CUT_OUTS_ADVICE),
        *_list_assets("bg", Path(bg), say, PHOTOS_ADVICE),
    ]
    with show_progress(progress):
        looked_at = _look_at_all(assets, limits or Limits())
    findings = [asset.finding(flaw) for asset, seen in looked_at for flaw in seen.flaws]
    findings += findings_of_names(assets)
    findings += findings_of_unmatched_depth(assets)
    for kind in get_args(Kind):
        read = [(asset, seen) for asset, seen in looked_at if asset.kind == kind and seen.hashes is not None]
        hashes = [seen.hashes for _, seen in read if seen.hashes is not None]
        findings += findings_of_duplicates(
            [asset for asset, _ in read], [seen.digest for _, seen in read], hashes
        )
    findings.sort(key=lambda found: (SEVERITIES.index(found.severity), found.kind, found.name, found.problem))
    return Review(len(assets), findings)


@dataclass(frozen=True)
class _Seen:
    """What was seen of one asset; without hashes if it could not be read."""

    flaws: Sequence[Flaw]
    digest: str = ""
    hashes: PerceptualHash | None = None


def _list_assets(kind: Kind, folder: Path, say: Callable[[str], None], advice: str) -> list[Asset]:
    return [Asset(kind, folder, path) for path in list_pictures(folder, say, results=False, advice=advice)]


def _look_at_all(assets: Sequence[Asset], limits: Limits) -> list[tuple[Asset, _Seen]]:
    """Look at assets in several threads."""
    looked_at = []
    budget = PixelBudget(cores())
    backgrounds = [asset.path for asset in assets if asset.kind == "bg"]
    depth = dict(zip(backgrounds, all_depth_files_of(backgrounds), strict=True))
    workers = ThreadPoolExecutor(cores())
    try:
        with Progress("reviewing", len(assets), "pictures") as bar:
            for seen in workers.map(lambda asset: _look_at(asset, limits, budget, depth), assets):
                looked_at.append(seen)
                bar.advance(1)
    finally:
        workers.shutdown(cancel_futures=True)
    return list(zip(assets, looked_at, strict=True))


def _look_at(
    asset: Asset, limits: Limits, budget: PixelBudget, depth: Mapping[Path, Sequence[Path]]
) -> _Seen:
    try:
        traits = read_traits(asset.path)
        with budget.taking(traits.pixels):
            if asset.kind == "fg":
                flaws, hashes = _look_at_cut_out(asset.path, traits, limits)
            else:
                flaws, hashes = _look_at_background(asset.path, traits, limits, depth[asset.path])
    except AlphaError as error:
        problem = "empty" if traits.has_alpha else "no-alpha"
        return _Seen([Flaw("error", problem, f"found {error.found}", error.fix)])
    except ImageError as error:
        return _Seen([Flaw("error", "unreadable", error.found, error.fix)])
    return _Seen(flaws, hash_file(asset.path), hashes)


def _look_at_cut_out(path: Path, traits: Traits, limits: Limits) -> tuple[list[Flaw], PerceptualHash]:
    rgba = read_rgba(path)
    flaws = [*flaws_of_storage("fg", traits), *flaws_of_cut_out(rgba, traits, limits)]
    return flaws, perceptual_hash(over_grey(scale_sprite(rgba, limits.fg_size)))


def _look_at_background(
    path: Path, traits: Traits, limits: Limits, depth: Sequence[Path]
) -> tuple[list[Flaw], PerceptualHash]:
    rgb = read_rgb(path)
    flaws = [
        *flaws_of_storage("bg", traits),
        *flaws_of_background(rgb, traits, limits),
        *flaws_of_depth(path, depth, (rgb.shape[1], rgb.shape[0])),
    ]
    return flaws, perceptual_hash(fit_picture(rgb, limits.size))
