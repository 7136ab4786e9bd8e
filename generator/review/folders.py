"""Checks that need several files at once: names, depth files without a background, duplicates."""

from collections.abc import Iterator, Sequence

from generator.assets.duplicates import PerceptualHash, nearest_earlier
from generator.assets.listing import check_names
from generator.depth.pairing import depth_without_background
from generator.review.finding import Asset, Finding, Flaw


def findings_of_names(assets: Sequence[Asset]) -> Iterator[Finding]:
    """The assets with names that a dataset cannot hold."""
    for folder in dict.fromkeys(asset.folder for asset in assets):
        asset_of = {asset.path: asset for asset in assets if asset.folder == folder}
        for path, problem in check_names(folder, list(asset_of)).items():
            flaw = Flaw("error", "bad-name", f"found {problem.found}", problem.fix)
            yield asset_of[path].finding(flaw)


def findings_of_unmatched_depth(assets: Sequence[Asset]) -> Iterator[Finding]:
    """The depth files that belong to no background."""
    for folder in dict.fromkeys(asset.folder for asset in assets if asset.kind == "bg"):
        folders = {folder} | {asset.path.parent for asset in assets if asset.folder == folder}
        for path in depth_without_background(folders):
            detail = "a depth file, but no background has its name"
            advice = "name it like its background (room.depth.png beside room.jpg), or remove it"
            yield Asset("bg", folder, path).finding(Flaw("warning", "depth-unmatched", detail, advice))


def findings_of_duplicates(
    assets: Sequence[Asset], digests: Sequence[str], hashes: Sequence[PerceptualHash]
) -> Iterator[Finding]:
    """The assets that repeat an earlier one, each with the earlier one that is most like it.

    Args:
        assets: of one kind.
        digests: hash of each file.
        hashes: perceptual hashes of each picture.
    """
    first_of: dict[str, Asset] = {}
    for asset, digest, near in zip(assets, digests, nearest_earlier(hashes), strict=True):
        first = first_of.setdefault(digest, asset)
        if first is not asset:
            detail = f"the same file as {first.name}"
            yield asset.finding(Flaw("warning", "duplicate", detail, "remove one of them"))
        elif near is not None:
            earlier, bits, mirrored = near
            like = f"{assets[earlier].name}{', mirrored' if mirrored else ''}"
            detail = f"looks like {like} ({bits} of 64 hash bits differ)"
            yield asset.finding(Flaw("warning", "near-duplicate", detail, "keep the better one of the two"))
