"""`fgbg predict`."""

from collections import Counter
from pathlib import Path

import click

from fgbg.options import checkpoint_option, common_options, device_option, mirror_option
from fgbg.value_types import FILE, FOLDER, PATH, SHARE, Whole


@click.command("predict")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=PATH)
@click.option(
    "--bg", type=FILE, help="The same view without the object; without it the network does without."
)
@checkpoint_option
@click.option(
    "--out",
    type=FOLDER,
    default=Path("outputs/predictions"),
    show_default=True,
    help="Folder of the results.",
)
@click.option(
    "--res",
    type=Whole(8, 8192),
    show_default="the last training resolution",
    help="Longer side at which the network looks.",
)
@click.option(
    "--mask-threshold",
    type=SHARE,
    show_default="soft mask",
    help="Make the mask 0 or 255 at this probability.",
)
@mirror_option
@device_option
@common_options
def command(
    paths: tuple[Path, ...],
    bg: Path | None,
    checkpoint: Path,
    out: Path,
    res: int | None,
    mask_threshold: float | None,
    mirror: bool,
    device: str,
) -> None:
    """Predict mask and depth for pictures.

    PATH is a picture or a folder of pictures. Writes NAME.mask.png (8-bit), NAME.depth.png (16-bit, 65535
    nearest; not by a network without depth head) and NAME.overlay.png at the picture's own size.
    """
    from generator.errors import AssetError
    from generator.images import read_rgb
    from generator.progress import Progress
    from training.run_files import find_checkpoint

    # Paths first: a wrong one is said before torch is imported, which takes seconds.
    checkpoint = find_checkpoint(checkpoint)
    background = read_rgb(bg) if bg is not None else None
    pictures = [found for path in paths for found in _pictures_of(path)]
    if not any(path.exists() for path, _ in pictures):
        read_rgb(pictures[0][0])

    from fgbg.pictures import write_prediction
    from fgbg.predictor import Predictor

    predictor = Predictor.load(checkpoint, res, device, mirror)
    if predictor.network.depth_head is None:
        click.echo(f"{checkpoint}: a network without depth head, so there is no depth to write")
    stems = Counter(name.with_suffix("") for _, name in pictures)
    problems: list[AssetError] = []
    with Progress("predicting", len(pictures), "pictures") as progress:
        for path, name in pictures:
            # a.jpg and a.png would write the same files: then the suffix stays in the name.
            base = out / (name if stems[name.with_suffix("")] > 1 else name.with_suffix(""))
            try:
                picture = read_rgb(path)
                predicted = predictor(picture, background)
            except AssetError as error:
                problems.append(error)
            else:
                if mask_threshold is not None:
                    predicted = predicted.with_threshold(mask_threshold)
                first, *others = write_prediction(base, picture, predicted)
                click.echo(" ".join([f"{path}: {first}", *(other.name for other in others)]))
            progress.advance(1)
    for problem in problems:
        click.echo(f"fgbg: {problem}", err=True)
    if problems:
        raise SystemExit(1)


def _pictures_of(path: Path) -> list[tuple[Path, Path]]:
    """Pictures at `path`, each with the name its results get: a folder's pictures keep their subfolders."""
    from generator.listing import list_pictures

    if path.is_dir():
        return [(picture, picture.relative_to(path)) for picture in list_pictures(path)]
    return [(path, Path(path.name))]
