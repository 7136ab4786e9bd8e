"""What is wrong with folders of assets, found before anything is generated from them."""

import csv
import io
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import astuple, dataclass, field, fields
from pathlib import Path
from typing import Literal

import numpy as np

from generator.assets.duplicates import PerceptualHash, nearest_earlier, over_grey, perceptual_hash
from generator.assets.edges import old_background
from generator.assets.flaws import (
    box_share,
    brightest_level,
    checkerboard_share,
    detail_share,
    inside_of,
    looks_inverted,
    opaque_share,
    outline_alternation,
    solid_share,
)
from generator.assets.images import Traits, read_rgb, read_rgba, read_traits
from generator.assets.listing import check_names, list_pictures
from generator.assets.pixel_budget import PixelBudget
from generator.depth.pairing import all_depth_files_of, depth_without_background
from generator.errors import AlphaError, ExistsError, ImageError, printable
from generator.files import hash_file, open_regular, require_writable, write_atomically
from generator.format.pixels import OPAQUE
from generator.resize import MAX_ENLARGEMENT, fit_picture, scale_sprite
from generator.review.depth_maps import flaws_of_depth
from generator.workers import cores

Kind = Literal["fg", "bg"]
Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with one asset.

    Attributes:
        severity: error (`generate` would refuse the asset), warning (it would take it, to the harm of the
            dataset) or note (it is handled, but good to know).
        kind: fg or bg.
        name: path inside its folder, with slashes.
        problem: a fixed word, such as no-alpha or near-duplicate.
        detail: what was measured, in words and numbers.
        advice: what to do.
    """

    severity: Severity
    kind: Kind
    name: str
    problem: str
    detail: str
    advice: str


@dataclass(frozen=True)
class Limits:
    """Where a flaw begins.

    Attributes:
        size: canvas (width, height) that backgrounds are for.
        fg_size: longer side of a pasted foreground, which foregrounds are for.
        bg_enlargement: most that a background may have to be enlarged to fill the canvas.
        least_opaque: share of opaque pixels below which a cut-out is nearly empty.
        most_opaque: share from which it is nearly full, and of its box from which that is a box.
        checkerboard: share of contrast in one mirrored pair of frequencies (`flaws.checkerboard_share`).
        alternation: share of the outline that alternates (`flaws.outline_alternation`).
        detail: below it a picture was enlarged (`flaws.detail_share`).
        halo: share of the soft edge's colours that one old background explains (`edges.old_background`).
        halo_shift: levels by which these colours differ from the solid ones.
        black: level that the values of a picture stay within where it is nearly black; in 16-bit files
            `black_of_16_bits`, as cameras with 12 or 14 bits write them.
        solid: share of what shows that is at least half opaque, below which a cut-out is see-through.

    Those of checkerboards, outlines, detail and halos stand between what was measured on 200 photographs
    and cut-outs of 96 and 192 pixels and on the same changed: checkerboards 0.93 and all else up to 0.49; an
    outline of squares 0.12 and all else up to 0.03; detail at least 0.23, and 0.05 to 0.21 after enlarging
    1.5 to 3 times. Of 100 cut-outs 4 have a halo, dark or white; with white mixed into their edges 89, with
    green 64.
    """

    size: tuple[int, int] = (192, 192)
    fg_size: int = 96
    bg_enlargement: float = 1.5
    least_opaque: float = 0.02
    most_opaque: float = 0.98
    checkerboard: float = 0.55
    alternation: float = 0.06
    detail: float = 0.2
    halo: float = 0.8
    halo_shift: float = 30
    black: int = 15
    black_of_16_bits: int = 63
    solid: float = 0.25


@dataclass(frozen=True)
class Asset:
    """A picture and what it is for."""

    kind: Kind
    folder: Path
    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(self.folder).as_posix()

    def finding(self, severity: Severity, problem: str, detail: str, advice: str) -> Finding:
        return Finding(severity, self.kind, self.name, problem, detail, advice)


def list_assets(
    fg: str | Path, bg: str | Path, say: Callable[[str], None] = lambda line: None
) -> list[Asset]:
    """The pictures of both folders; `say` gets a line on whatever is passed over.

    Raises:
        AssetError: a folder is missing, cannot be read, or holds no picture.
    """
    folders: tuple[tuple[Kind, Path], ...] = (("fg", Path(fg)), ("bg", Path(bg)))
    return [
        Asset(kind, folder, path)
        for kind, folder in folders
        for path in list_pictures(folder, say, results=False)
    ]


def review(
    assets: Sequence[Asset], limits: Limits | None = None, advance: Callable[[int], None] = lambda count: None
) -> list[Finding]:
    """Look at every asset, several at a time, and compare them with each other.

    Args:
        assets: what to look at.
        limits: where flaws begin.
        advance: called with 1 after each asset.

    Returns:
        Findings, errors first, then by kind, name and problem.
    """
    limits = limits or Limits()
    reviewed = []
    workers = ThreadPoolExecutor(cores())
    budget = PixelBudget(cores())
    try:
        depth = _depth_files(assets)
        for looked_at in workers.map(lambda asset: _review_one(asset, limits, budget, depth), assets):
            reviewed.append(looked_at)
            advance(1)
    finally:
        workers.shutdown(cancel_futures=True)
    findings = [finding for looked_at in reviewed for finding in looked_at.findings]
    findings += _findings_of_names(assets)
    findings += _findings_of_lonely_depth(assets)
    for kind in ("fg", "bg"):
        findings += _find_duplicates([looked_at for looked_at in reviewed if looked_at.asset.kind == kind])
    return sorted(
        findings, key=lambda found: (SEVERITIES.index(found.severity), found.kind, found.name, found.problem)
    )


def flaws_of_fg(rgba: np.ndarray, limits: Limits) -> Iterator[tuple[Severity, str, str, str]]:
    """Severity, problem, detail and advice of what is wrong with a cut-out (H, W, 4) uint8."""
    height, width = rgba.shape[:2]
    alpha = rgba[..., 3]
    wanted = limits.fg_size
    sprite = scale_sprite(rgba, min(wanted, max(width, height)))
    if not (sprite[..., 3] >= OPAQUE).any():
        yield "error", "empty", f"no opaque pixel is left at {wanted} px", "remove it or raise `fg_size`"
        return
    yield from _opacity_flaws(alpha, limits)
    if max(width, height) * MAX_ENLARGEMENT < wanted:
        detail = f"{width} x {height} px, enlarged {MAX_ENLARGEMENT:g} times still less than {wanted}"
        yield "warning", "tiny", detail, "find a larger one, or lower `fg_size`"
    yield from _checkerboard(rgba[..., :3], alpha >= 250, limits)
    alternation = outline_alternation(rgba)
    if alternation > limits.alternation:
        detail = f"{alternation:.0%} of its outline flips between dark and light from pixel to pixel"
        yield "warning", "checkerboard", detail, "cut it out again, without the squares around it"
    yield from _halo(rgba, limits)
    yield from _upscaled(sprite[..., :3], inside_of(sprite[..., 3]), limits)


def _opacity_flaws(alpha: np.ndarray, limits: Limits) -> Iterator[tuple[Severity, str, str, str]]:
    """What the alpha channel (H, W) uint8 alone tells."""
    share = opaque_share(alpha)
    if share < limits.least_opaque:
        detail = f"{share:.1%} of its pixels are opaque"
        yield "warning", "nearly-empty", detail, "crop it to the object, or remove it"
    if share >= limits.most_opaque:
        yield "warning", "nearly-full", f"{share:.1%} of its pixels are opaque", "cut the object out"
    elif looks_inverted(alpha):
        detail = "the object fills all four borders, around something transparent"
        yield "warning", "inverted", detail, "invert its mask, or remove it"
    elif (filled := box_share(alpha)) >= limits.most_opaque:
        yield "warning", "opaque-box", f"a rectangle, {filled:.1%} filled", "cut the object out"
    if (solid := solid_share(alpha)) < limits.solid:
        detail = f"{solid:.0%} of what shows is at least half opaque; the rest has no depth of its own"
        yield "note", "see-through", detail, "nothing if it is glass, smoke or hair; else raise its alpha"


def _halo(rgba: np.ndarray, limits: Limits) -> Iterator[tuple[Severity, str, str, str]]:
    old = old_background(rgba)
    if old is not None and old.explained >= limits.halo and old.shift >= limits.halo_shift:
        colour = ",".join(str(round(float(level))) for level in old.colour)
        detail = f"its soft edge holds the colour of an old background, about {colour}"
        yield "warning", "halo", detail, "clean it: fgbg cutout FOLDER `clean_edges=True` `out=OTHER`"


def _nearly_black(
    rgb: np.ndarray, traits: Traits, limits: Limits
) -> Iterator[tuple[Severity, str, str, str]]:
    level = brightest_level(rgb)
    if traits.bits == 16 and level <= limits.black_of_16_bits:
        highest = (level + 1) * 256 - 1
        detail = f"16 bits a channel, but values up to about {highest:,} of 65,535: it comes out nearly black"
        fix = "scale its values up to 65,535: cameras and scanners of 10 to 14 bits leave the rest empty"
        yield "warning", "nearly-black", detail, fix
    elif level <= limits.black:
        detail = f"nearly all values are at most {level} of 255"
        yield "warning", "nearly-black", detail, "brighten it, or remove it"


def flaws_of_bg(rgb: np.ndarray, limits: Limits) -> Iterator[tuple[Severity, str, str, str]]:
    """Severity, problem, detail and advice of what is wrong with a background (H, W, 3) uint8."""
    height, width = rgb.shape[:2]
    enlargement = max(limits.size[0] / width, limits.size[1] / height)
    if enlargement > limits.bg_enlargement:
        canvas = "{} x {}".format(*limits.size)
        detail = f"{width} x {height} px, to be enlarged {enlargement:.1f} times for {canvas}"
        yield "warning", "tiny", detail, "find a larger one, or lower `size`"
    yield from _checkerboard(rgb, None, limits)
    yield from _upscaled(fit_picture(rgb, limits.size) if enlargement < 1 else rgb, None, limits)


def write_report(path: Path, findings: Sequence[Finding]) -> None:
    """Write the findings as CSV, a column per field of `Finding`, escape codes in names escaped.

    Raises:
        ExistsError: as `check_report`.
    """
    check_report(path)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(map(printable, astuple(finding)) for finding in findings)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, text.getvalue().encode())


def check_report(path: Path) -> None:
    """Make sure that a report may be written to `path`.

    Raises:
        ExistsError: there is something else than an earlier report.
    """
    require_writable(path.parent, "another `csv`")
    if not os.path.lexists(path):
        return
    found = "a folder" if path.is_dir() else "a file that is no report of fgbg review"
    with suppress(OSError), open_regular(path) as file:
        if file.readline(200).decode(errors="replace").rstrip("\r\n") == ",".join(_COLUMNS):
            return
    raise ExistsError(path, "use another `csv`", found)


_COLUMNS = tuple(column.name for column in fields(Finding))


@dataclass(frozen=True)
class _Reviewed:
    """What was seen of one asset; without hashes where it could not be read."""

    asset: Asset
    findings: list[Finding] = field(default_factory=list)
    digest: str = ""
    hashes: PerceptualHash | None = None


def _review_one(
    asset: Asset, limits: Limits, budget: PixelBudget, depth: Mapping[Path, Sequence[Path]]
) -> _Reviewed:
    try:
        traits = read_traits(asset.path)
        with budget.taking(traits.pixels):
            findings, hashes = _look_at(asset, traits, limits, depth.get(asset.path, ()))
    except AlphaError as error:
        problem = "empty" if traits.has_alpha else "no-alpha"
        return _Reviewed(asset, [asset.finding("error", problem, f"found {error.found}", error.fix)])
    except ImageError as error:
        return _Reviewed(asset, [asset.finding("error", "unreadable", error.found, error.fix)])
    return _Reviewed(asset, findings, hash_file(asset.path), hashes)


def _look_at(
    asset: Asset, traits: Traits, limits: Limits, depth: Sequence[Path]
) -> tuple[list[Finding], PerceptualHash]:
    """What is wrong with an asset's pixels and its depth files, and the hashes of its pixels."""
    findings = [asset.finding("note", *oddity) for oddity in _oddities(asset.kind, traits)]
    if asset.kind == "fg":
        pixels = read_rgba(asset.path)
        findings += [asset.finding(*flaw) for flaw in flaws_of_fg(pixels, limits)]
        if traits.bits == 16:
            opaque = pixels[pixels[..., 3] >= OPAQUE][None, :, :3]
            findings += [asset.finding(*flaw) for flaw in _nearly_black(opaque, traits, limits)]
        seen = over_grey(scale_sprite(pixels, limits.fg_size))
    else:
        pixels = read_rgb(asset.path)
        findings += [asset.finding(*flaw) for flaw in flaws_of_bg(pixels, limits)]
        findings += [asset.finding(*flaw) for flaw in _nearly_black(pixels, traits, limits)]
        size = pixels.shape[1], pixels.shape[0]
        findings += [asset.finding(*flaw) for flaw in flaws_of_depth(asset.path, depth, size)]
        seen = fit_picture(pixels, limits.size)
    return findings, perceptual_hash(seen)


def _depth_files(assets: Sequence[Asset]) -> dict[Path, list[Path]]:
    """The depth files of each background."""
    backgrounds = [asset.path for asset in assets if asset.kind == "bg"]
    return dict(zip(backgrounds, all_depth_files_of(backgrounds), strict=True))


def _findings_of_lonely_depth(assets: Sequence[Asset]) -> Iterator[Finding]:
    for folder in dict.fromkeys(asset.folder for asset in assets if asset.kind == "bg"):
        inside = {folder} | {asset.path.parent for asset in assets if asset.folder == folder}
        for path in depth_without_background(inside):
            detail = "a depth file, but no background has its name"
            fix = "name it as its background, like room.depth.png beside room.jpg, or remove it"
            yield Asset("bg", folder, path).finding("warning", "depth-unmatched", detail, fix)


def _findings_of_names(assets: Sequence[Asset]) -> Iterator[Finding]:
    for folder in dict.fromkeys(asset.folder for asset in assets):
        of = {asset.path: asset for asset in assets if asset.folder == folder}
        for path, problem in check_names(folder, list(of)).items():
            yield of[path].finding("error", "bad-name", f"found {problem.found}", problem.fix)


def _checkerboard(
    rgb: np.ndarray, opaque: np.ndarray | None, limits: Limits
) -> Iterator[tuple[Severity, str, str, str]]:
    share, side = checkerboard_share(rgb, opaque)
    if share > limits.checkerboard:
        detail = f"light grey and white squares, {share:.0%} of the contrast of light parts (at {side} px)"
        yield "warning", "checkerboard", detail, "get it with real transparency, or remove it"


def _upscaled(
    rgb: np.ndarray, inside: np.ndarray | None, limits: Limits
) -> Iterator[tuple[Severity, str, str, str]]:
    share = detail_share(rgb, inside)
    if share is not None and share < limits.detail:
        height, width = rgb.shape[:2]
        detail = (
            f"at {width} x {height} px, reducing it 1.5 times loses {share:.2f} of its fine contrast"
            f" (sharp pictures: {limits.detail:g} or more)"
        )
        yield (
            "warning",
            "upscaled",
            detail,
            "find it in its original size: it was enlarged, or is out of focus",
        )


def _oddities(kind: Kind, traits: Traits) -> Iterator[tuple[str, str, str]]:
    """Problem, detail and advice of what is unusual about a file."""
    usual = ("RGBA",) if kind == "fg" else ("RGB",)
    if traits.mode not in usual or traits.bits != 8:
        name = _MODE_NAMES.get(traits.mode, traits.mode)
        detail = f"{name}, {traits.bits} bits a channel; converted to 8-bit {usual[0]}"
        if kind == "bg" and traits.has_alpha:
            detail += ", transparent parts become white"
        elif traits.has_alpha and traits.mode in ("1", "L", "I;16", "RGB"):
            detail += ", one of its colours counts as transparent, inside the object too"
        yield "odd-mode", detail, "nothing, if it looks right after conversion"
    if traits.turned:
        yield "exif-rotated", "EXIF says to turn it; it is turned upright", "nothing"
    if traits.animated:
        yield "animated", "several frames; the first one is taken", "nothing, or save the frame you want"


_MODE_NAMES = {"1": "black and white", "L": "grey", "LA": "grey with alpha", "P": "palette", "I;16": "grey"}


def _find_duplicates(reviewed: Sequence[_Reviewed]) -> Iterator[Finding]:
    """For every asset that repeats an earlier one, the earlier one it is nearest to."""
    read = [(looked_at, looked_at.hashes) for looked_at in reviewed if looked_at.hashes is not None]
    nearest = nearest_earlier([hashes for _, hashes in read])
    first_of: dict[str, Asset] = {}
    for (looked_at, _), near in zip(read, nearest, strict=True):
        asset = looked_at.asset
        first = first_of.setdefault(looked_at.digest, asset)
        if first is not asset:
            yield asset.finding(
                "warning", "duplicate", f"the same file as {first.name}", "remove one of them"
            )
        elif near is not None:
            earlier, bits, mirrored = near
            other = read[earlier][0].asset.name
            detail = f"looks like {other}{' mirrored' if mirrored else ''} ({bits} of 64 bits differ)"
            yield asset.finding("warning", "near-duplicate", detail, "keep the better one of the two")
