"""A trained network as a function from pictures to mask and depth."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, overload

import numpy as np

from fgbg.predictor.engine import Answer, Engine, joined, open_engine
from fgbg.predictor.named_pictures import is_one, named
from fgbg.predictor.picture_input import Picture, as_rgb, as_small_rgb
from fgbg.predictor.predict_many import Outcome, predict_many
from fgbg.predictor.predicted import Predicted
from fgbg.predictor.resize_input import NetworkInput, PlateJudge, prepare
from fgbg.predictor.restore_size import restore
from fgbg.predictor.tiles import Tile, look_at, require_tile, see_tiles
from generator.errors import ArrayError, ConfigError
from generator.format.manifest import MaskEntry
from generator.numerals import shown
from generator.strict_config import require_whole
from training.errors import DeviceMemoryError
from training.process.memory import is_out_of_memory
from training.records.run_files import find_checkpoint
from training.stages import MOST_RES

_ENOUGH = 3
"""Times the network's resolution at which a picture is decoded at least: then scaling it down gives the same
as from the whole picture, to a third of a level on average."""


@dataclass(frozen=True)
class Predictor:
    """A network ready to predict: `predictor(picture)` gives its mask and depth.

    A call has three steps, which other loops can take one by one: `prepare` resizes a picture to the
    network's resolution, `see` runs the network on a batch, and `restore` resizes an answer to the picture's
    own size. Pictures and answers are NumPy arrays.

    Attributes:
        engine: runs the network: a checkpoint by torch, or an ONNX file by ONNX Runtime.
        res: longer side in pixels of the network's input.
        mirror: whether it also looks at mirror images, which takes twice as long.
        align: whether a background is moved to match the picture first (fgbg.predictor.align_background).
        refine: whether mask and depth get the edges of the picture (fgbg.predictor.refine), if it is larger
            than `res`; otherwise they are scaled only.
        tile: side in pixels of the tiles of a picture that the network looks at one by one
            (fgbg.predictor.tiles); "auto": a quarter of the longer side; None: it looks at the whole picture.

    Example:
        >>> predictor = fgbg.Predictor.load("outputs/best.pt", device="cpu")
        >>> predictor("photo.png").mask.shape
        (64, 64)
    """

    engine: Engine
    res: int
    mirror: bool = True
    align: bool = True
    refine: bool = True
    tile: Tile | None = None

    @classmethod
    def load(
        cls,
        checkpoint: str | Path,
        res: int | None = None,
        device: str = "auto",
        mirror: bool = True,
        align: bool = True,
        refine: bool = True,
        tile: Tile | None = None,
    ) -> "Predictor":
        """Load a checkpoint.

        Args:
            checkpoint: a file, or the folder of a run, in which best.pt is used, else last.pt.
            res: longer side in pixels of the network's input, 8 to 8192; None: its last training resolution.
            device: auto (the best there is), cpu, cuda or mps.
            mirror: look at mirror images too.
            align: move a background to match the picture first.
            refine: give mask and depth the edges of the picture.
            tile: look at tiles of this side in pixels, for pictures with small objects: about twice the size
                of an object; "auto": a quarter of the longer side; None: look at the whole picture.

        Raises:
            CheckpointError: it cannot be used.
            ConfigError: this machine has no such device, or `res` or `tile` is out of range.
        """
        if res is not None:
            require_whole("res", res, 8, MOST_RES)
        engine = open_engine(find_checkpoint(Path(checkpoint)), device, res)
        require_tile(tile, res or engine.res)
        return cls(engine, res or engine.res, mirror, align, refine, tile)

    @classmethod
    def of_network(
        cls,
        network: str | Path,
        mirror: bool = True,
        refine: bool = True,
        tile: Tile | None = None,
    ) -> "Predictor":
        """Take a network that finds the object of any photo and was not trained by fgbg: masks, no depth.

        Args:
            network: an ONNX file that rembg runs; or "u2netp", which is downloaded once.
            mirror, refine, tile: as of `load`.

        Raises:
            AssetError: the file is missing or broken, cannot be downloaded, or does not turn a picture into a
                mask.
            ConfigError: ONNX Runtime is not installed, or `tile` is out of range.
        """
        from fgbg.predictor.salient_engine import SalientEngine

        engine = SalientEngine.open(str(network))
        require_tile(tile, engine.res)
        return cls(engine, engine.res, mirror, True, refine, tile)

    @property
    def entry(self) -> MaskEntry:
        """The meaning of the mask: alpha or classes."""
        return self.engine.entry

    @property
    def dataset_id(self) -> str:
        """The dataset that the network was trained on; empty if that is not known."""
        return self.engine.dataset_id

    @property
    def device(self) -> str:
        """Where the network runs: cpu, cuda or mps."""
        return self.engine.device

    def __call__(
        self, picture: Picture, bg: Picture | None = None, bg_depth: np.ndarray | None = None
    ) -> Predicted:
        """Predict one picture.

        Args:
            picture: (H, W, 3) uint8 sRGB, of any size; or one of the other kinds that `as_rgb` converts.
            bg: the same view without the object, of the same aspect; None: there is none. One that does not
                fit is not used, see `Predicted.bg_unused`.
            bg_depth: (h, w) uint16 relative inverse depth of `bg`, 0 unknown, of the same aspect. The depth
                of the picture is then that of the background, and objects are as near as the ground that
                they stand on. None: the network estimates depth.

        Raises:
            ImageError, ArrayError: `picture`, `bg` or `bg_depth` cannot be used.
            AssetError: `bg` or `bg_depth` has another aspect, or `bg_depth` knows no pixel.
            ConfigError: the network takes no background, or has classes and `bg_depth` is given.
            DeviceMemoryError: there is not enough memory.
        """
        given = PlateJudge()(self.prepare(picture, bg, bg_depth=bg_depth))
        with self._memory_errors():
            answer = self.see(given.fg_bg[None], None if given.bg is None else given.bg[None])
        return self.restore(answer, given)

    @overload
    def predict_many(
        self,
        pictures: Iterable[Picture],
        bgs: Picture | Iterable[Picture | None] | None = None,
        batch: int | None = None,
        on_error: Literal["raise"] = "raise",
        video: bool = False,
        bg_depths: "np.ndarray | Iterable[np.ndarray | None] | None" = None,
    ) -> Iterator[Predicted]: ...

    @overload
    def predict_many(
        self,
        pictures: Iterable[Picture],
        bgs: Picture | Iterable[Picture | None] | None = None,
        batch: int | None = None,
        *,
        on_error: Literal["return"],
        video: bool = False,
        bg_depths: "np.ndarray | Iterable[np.ndarray | None] | None" = None,
    ) -> Iterator[Predicted | Exception]: ...

    def predict_many(
        self,
        pictures: Iterable[Picture],
        bgs: Picture | Iterable[Picture | None] | None = None,
        batch: int | None = None,
        on_error: Literal["raise", "return"] = "raise",
        video: bool = False,
        bg_depths: "np.ndarray | Iterable[np.ndarray | None] | None" = None,
    ) -> Iterator[Predicted | Exception]:
        """Predict many pictures, faster than one by one.

        The next pictures are read in threads while the network runs, and pictures of the same size share a
        batch. Only a few pictures are in memory at a time. The numbers differ from those of a call by
        rounding at most.

        Args:
            pictures: any number of the pictures that a call takes. An array must not change before its result
                is given.
            bgs: one background for all pictures, or one for each picture (None: it has none).
            batch: the largest number of pictures in a batch; None: 8, or fewer at a high resolution.
            on_error: "raise" the error of a picture that fails, which ends the iterator, or "return" it
                in the place of the picture. Errors are as of a call.
            video: whether the pictures are frames of one video, in order. Then a background is not used in
                one frame and left out in the next, unless the views of both differ.
            bg_depths: as `bg_depth` of a call, one for all pictures, or one for each (None: not known).

        Yields:
            One prediction for each picture, in order.

        Raises:
            ConfigError: the network takes no background, or `batch` or `on_error` has no such value.
            ArrayError: `pictures` is one picture.
        """
        if is_one(pictures):
            found = type(pictures).__name__
            raise ArrayError("pictures", "several pictures", f"one {found}", "give a list of pictures")
        if on_error not in ("raise", "return"):
            raise ConfigError("`on_error`", "'raise' or 'return'", shown(on_error), "choose one of them")
        if batch is not None:
            require_whole("batch", batch, 1)
        outcomes = predict_many(self, named(pictures, bgs, bg_depths), batch, video=video)
        return _results(outcomes, on_error)

    def prepare(
        self,
        picture: Picture,
        bg: Picture | None = None,
        name: str = "picture",
        bg_depth: np.ndarray | None = None,
    ) -> NetworkInput:
        """Read a picture and resize it to the network's resolution.

        `bg_unused` of the result says whether its background should be left out, which `PlateJudge` does.

        Args:
            picture: as of a call.
            bg: as of a call.
            name: of the picture in errors, if it is not a path.
            bg_depth: as of a call.

        Raises:
            FgbgError: as of a call.
        """
        if bg_depth is not None:
            self._require_objects(bg)
        if bg is not None:
            self._require_background_input()
        if bg is None and not self.refine and self.tile is None:
            # Nothing looks at the whole picture.
            small, size = as_small_rgb(picture, name, _ENOUGH * self.res)
            with self._memory_errors():
                return prepare(small, None, self.res, self.align, own_size=size)
        fg_bg, behind = as_rgb(picture, name), None if bg is None else as_rgb(bg, "bg")
        with self._memory_errors():
            res = look_at(fg_bg.shape[:2], self.tile, self.res)
            return prepare(fg_bg, behind, res, self.align, self.refine, bg_depth=bg_depth)

    def see(self, pictures: np.ndarray, bgs: np.ndarray | None = None) -> Answer:
        """Run the network on a batch; with `mirror`, also on its mirror images, and average both.

        Args:
            pictures: (B, h, w, 3) uint8 sRGB; larger ones than `res` are looked at in tiles.
            bgs: (B, h, w, 3) uint8 sRGB, the same views without the object; None if there are none.

        Raises:
            MemoryError, RuntimeError: there is too little memory.
        """
        if max(pictures.shape[1:3]) <= self.res:
            return self.engine.see(pictures, bgs, self.mirror)
        answers = [
            see_tiles(self.engine, picture, None if bgs is None else bgs[number], self.res, self.mirror)
            for number, picture in enumerate(pictures)
        ]
        return answers[0] if len(answers) == 1 else joined(answers)

    def restore(self, answer: Answer, given: NetworkInput) -> Predicted:
        """Resize an answer to the picture's own size.

        Args:
            answer: of one picture (B = 1).
            given: what `prepare` made of the picture.

        Raises:
            DeviceMemoryError: there is not enough memory.
        """
        with self._memory_errors():
            return restore(answer, self.entry, given)

    def _require_background_input(self) -> None:
        if not self.engine.takes_bg:
            found = "one that gets only the picture"
            raise ConfigError("`bg`", "a network that sees backgrounds", found, "leave `bg` out")

    def _require_objects(self, bg: Picture | None) -> None:
        if bg is None:
            raise ConfigError("`bg_depth`", "a background, whose depth it is", "none", "give `bg` too")
        if self.entry.kind == "classes":
            found = f"{len(self.entry.names)} classes"
            raise ConfigError("`bg_depth`", "a network of soft masks", found, "leave it out")

    @contextmanager
    def _memory_errors(self) -> Iterator[None]:
        """Turn every kind of error about too little memory into one that says what to do."""
        try:
            yield
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            raise DeviceMemoryError(self.device, self.res) from error


def _results(outcomes: Generator[Outcome, None, None], on_error: str) -> Iterator[Predicted | Exception]:
    with closing(outcomes):
        for outcome in outcomes:
            if outcome.predicted is not None:
                yield outcome.predicted
                continue
            assert outcome.error is not None
            if on_error == "raise":
                raise outcome.error
            yield outcome.error
