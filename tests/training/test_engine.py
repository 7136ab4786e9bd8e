import csv
import itertools
import math
from collections.abc import Callable, Generator, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from generator.reading.dataset import Dataset, open_dataset
from generator.reading.split import Split
from training import engine, inference, losses
from training.augment import augment_batch, backgrounds, view
from training.batches import prepare
from training.batches.batch import IntegerBatch
from training.batches.batches import read_batches, shuffled
from training.checkpoint import load_checkpoint, model_of
from training.config import TrainConfig
from training.engine import train_stages
from training.errors import RunError
from training.learner import Learner
from training.losses import WeightedLoss
from training.models import UNetSiam
from training.optim.schedules import cosine
from training.outcome import TrainOutcome
from training.plan import is_finished
from training.run_position import RunPosition
from training.stages import Stage
from training.target import AlphaTarget
from training.validation import Validation

Fields = dict[str, Any]

CPU = torch.device("cpu")


def stages(*pairs: tuple[int, int]) -> tuple[Stage, ...]:
    return tuple(Stage(res=res, epochs=epochs) for res, epochs in pairs)


def start(
    dataset: Dataset, out: Path, small: Fields, *pairs: tuple[int, int], **fields: Any
) -> tuple[TrainOutcome, list[str]]:
    """Train the given stages; return the outcome and the printed lines."""
    said: list[str] = []
    config = TrainConfig(out=out, stages=stages(*pairs), **(small | fields))
    return train_stages(config, dataset, say=said.append), said


def script_validation(monkeypatch: pytest.MonkeyPatch, *val_losses: float) -> None:
    """Replace validation: it returns these losses in order."""
    found = iter(val_losses)
    monkeypatch.setattr(engine, "validate", lambda *_: Validation({"val_loss": next(found)}, None))


def test_training_makes_the_loss_fall(dataset: Dataset, small: Fields, tmp_path: Path) -> None:
    _, said = start(dataset, tmp_path, small, (16, 8), strangers=0)
    first, *_, last = [line_number(line, "train loss") for line in said[1:] if line.startswith("epoch")]
    assert last < 0.8 * first


def line_number(line: str, name: str) -> float:
    """The number after `name` in a line; NaN if there is none."""
    _, found, rest = line.partition(name + " ")
    return float(rest.split(",")[0]) if found else math.nan


def test_a_run_says_what_it_does_and_how_it_goes(dataset: Dataset, small: Fields, tmp_path: Path) -> None:
    outcome, said = start(dataset, tmp_path, small, (16, 1), (32, 1))
    parameters = sum(weight.numel() for weight in UNetSiam((4, 8)).parameters())
    assert said[0] == f"unet-siam, {parameters:,} parameters, on cpu in float32; epochs of 16 samples of 144"
    assert [line.partition(":")[0] for line in said[1::2]] == ["epoch 1/1 at 16 px", "epoch 1/1 at 32 px"]
    assert line_number(said[-2], "validation loss") == pytest.approx(outcome.metrics["val_loss"], abs=1e-4)
    assert line_number(said[-1], "depth RMSE") == pytest.approx(outcome.metrics["val_depth_rmse"], abs=1e-4)


def test_a_position_counts_epochs_batches_and_samples(
    dataset: Dataset, small: Fields, tmp_path: Path
) -> None:
    outcome, _ = start(dataset, tmp_path, small, (16, 2), (32, 1), epoch_samples=10)
    # 10 samples give 2 batches of 4 per epoch; there are 3 epochs.
    found = outcome.position
    assert (found.stage, found.stage_epochs, found.epoch, found.step, found.consumed) == (1, 1, 3, 6, 24)
    assert outcome.epochs == 3
    saved = load_checkpoint(tmp_path / "last.pt")
    assert saved.position == found and saved.metrics == outcome.metrics


def test_an_epoch_is_the_split_unless_asked_otherwise(
    dataset: Dataset, small: Fields, tmp_path: Path
) -> None:
    outcome, _ = start(dataset, tmp_path, small, (8, 1), epoch_samples=None, batch_size=32)
    assert outcome.position.consumed == 144 // 32 * 32


def test_samples_and_changes_go_on_from_epoch_to_epoch(
    dataset: Dataset, small: Fields, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    steps: list[int] = []

    def note_rows(
        split: Split, indices: Iterable[np.ndarray], device: torch.device, with_bg: bool
    ) -> Generator[IntegerBatch]:
        asked = list(indices)
        read.extend(np.concatenate(asked).tolist())
        return read_batches(split, asked, device, with_bg)

    def note_step(seed: int, step: int, *rest: Any) -> backgrounds.BackgroundChange:
        steps.append(step)
        return backgrounds.draw_background_change(seed, step, *rest)

    monkeypatch.setattr(engine, "read_batches", note_rows)
    monkeypatch.setattr(augment_batch, "draw_background_change", note_step)
    start(dataset, tmp_path, small, (16, 1), (32, 1), seed=6)
    assert read == shuffled(6, 144, 0, 32).tolist()
    assert steps == list(range(8))


def test_training_keeps_to_the_windows_asked_for(
    dataset: Dataset, small: Fields, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []

    def note_rows(
        split: Split, indices: Iterable[np.ndarray], device: torch.device, with_bg: bool
    ) -> Generator[IntegerBatch]:
        asked = list(indices)
        if split is dataset["train"]:
            read.extend(np.concatenate(asked).tolist())
        return read_batches(split, asked, device, with_bg)

    monkeypatch.setattr(engine, "read_batches", note_rows)
    start(dataset, tmp_path, small, (16, 1), seed=6, shuffle_window=8)
    assert read == shuffled(6, 144, 0, 16, 8).tolist()
    assert len({number // 8 for number in read}) == 2


def test_backgrounds_alone_are_changed_and_only_in_training(
    dataset: Dataset, small: Fields, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[torch.Tensor] = []
    validated: list[torch.Tensor] = []

    def note(bg: torch.Tensor | None, fg_bg: torch.Tensor, channels: int) -> torch.Tensor:
        inputs = prepare.join(bg, fg_bg, channels)
        (trained if torch.is_grad_enabled() else validated).append(inputs)
        return inputs

    for module in (augment_batch, inference):
        monkeypatch.setattr(module, "join", note)
    start(dataset, tmp_path, small, (32, 1), bg_dropout=1, bg_jitter=0, strangers=0, augment={})
    split = dataset["train"]
    (expected,) = read_batches(split, [shuffled(0, 144, 0, 16)], CPU)
    inputs = torch.cat(trained)
    assert (inputs[:, :3] == 0).all()
    assert torch.equal(inputs[:, 3:], prepare.prepare(expected, AlphaTarget(), 32).fg_bg)
    # Validation runs with the background and then without it.
    assert [bool((inputs[:, :3] == 0).all()) for inputs in validated] == [False, True] * 2


def test_whole_samples_are_seen_in_training_in_the_shares_asked_for(
    dataset: Dataset, small: Fields, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[torch.Tensor] = []

    def note(bg: torch.Tensor | None, fg_bg: torch.Tensor, channels: int) -> torch.Tensor:
        if torch.is_grad_enabled():
            trained.append(fg_bg)
        return prepare.join(bg, fg_bg, channels)

    monkeypatch.setattr(augment_batch, "join", note)
    shares = {"flip": 0.5, "noise": 0.5}
    start(dataset, tmp_path, small, (16, 1), augment=shares, strangers=0)
    read = read_batches(dataset["train"], [shuffled(0, 144, 4 * step, 4) for step in range(4)], CPU)
    for step, (integers, fg_bg) in enumerate(zip(read, trained, strict=True)):
        plain = prepare.prepare(integers, AlphaTarget(), 16)
        seen = view.apply_view(plain, view.draw_view(0, step, 4, shares)).fg_bg
        assert torch.equal(fg_bg, seen) and not torch.equal(fg_bg, plain.fg_bg)


def test_each_stage_trains_and_validates_at_its_resolution(
    dataset: Dataset, small: Fields, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[bool, int]] = []

    def note(bg: torch.Tensor | None, fg_bg: torch.Tensor, channels: int) -> torch.Tensor:
        seen.append((torch.is_grad_enabled(), fg_bg.shape[-1]))
        return prepare.join(bg, fg_bg, channels)

    for module in (augment_batch, inference):
        monkeypatch.setattr(module, "join", note)
    start(dataset, tmp_path, small, (8, 1), (24, 1), epoch_samples=4, val_samples=4, bg_dropout=0)
    assert seen == [(True, 8), (False, 8), (True, 24), (False, 24)]


def test_iou_without_background_is_told_where_the_network_learns_to_do_without(
    dataset: Dataset, small: Fields, tmp_path: Path
) -> None:
    without, _ = start(dataset, tmp_path / "a", small, (16, 1), bg_dropout=0.5)
    always, _ = start(dataset, tmp_path / "b", small, (16, 1), bg_dropout=0.0)
    assert without.metrics.keys() - always.metrics.keys() == {"val_iou_without_bg"}


def test_validation_is_on_the_averaged_weights_and_the_first_samples_of_val(
    dataset: Dataset, small: Fields, tmp_path: Path
) -> None:
    outcome, _ = start(dataset, tmp_path, small, (16, 2), val_samples=4, ema=0.9)
    saved = load_checkpoint(tmp_path / "last.pt")
    last = replace(saved, ema=saved.model)
    (integers,) = read_batches(dataset["val"], [np.arange(4)], CPU)
    batch = prepare.prepare(integers, AlphaTarget(), 16)
    loss = WeightedLoss(losses.MASK_LOSSES, TrainConfig().mask_loss, TrainConfig().depth_loss)
    averaged, latest = (
        float(
            loss(model_of(tmp_path, one)(prepare.join(batch.bg, batch.fg_bg)), batch.truth)["loss"].detach()
        )
        for one in (saved, last)
    )
    assert outcome.metrics["val_loss"] == pytest.approx(averaged, rel=1e-5)
    assert outcome.metrics["val_loss"] != pytest.approx(latest, rel=1e-3)


def test_the_average_follows_the_weights_as_fast_as_its_decay_allows(
    dataset: Dataset, small: Fields, tmp_path: Path
) -> None:
    distances = []
    for decay in (0.0, 0.5, 0.9):
        out = tmp_path / str(decay)
        start(dataset, out, small, (16, 2), ema=decay)
        saved = load_checkpoint(out / "last.pt")
        distances.append(
            float(sum((saved.ema[name] - saved.model[name]).abs().sum() for name in saved.model))
        )
    assert distances[0] == 0 < distances[1] < distances[2]


def test_a_last_validation_batch_of_one_sample_is_no_trouble(
    dataset: Dataset, small: Fields, tmp_path: Path
) -> None:
    outcome, _ = start(dataset, tmp_path, small, (16, 1), val_samples=5)
    assert math.isfinite(outcome.metrics["val_loss"])


def test_without_a_val_split_the_training_loss_is_watched(
    data_without_val: Path, small: Fields, tmp_path: Path
) -> None:
    outcome, said = start(open_dataset(data_without_val), tmp_path, small, (16, 3))
    assert outcome.epochs == 3
    assert not any(name.startswith("val_") for name in outcome.metrics)
    train_losses = [line_number(line, "train loss") for line in said[1:] if line.startswith("epoch")]
    best = load_checkpoint(tmp_path / "best.pt")
    assert best.position.best_loss == best.metrics["train_loss"] == pytest.approx(min(train_losses), abs=1e-4)


@pytest.mark.parametrize(
    ("val_losses", "best"), [((0.5, 0.3, 0.4), 2), ((0.5, 0.6, 0.7), 1), ((3.0, 2.0, 1.0), 3)]
)
def test_best_is_the_epoch_of_the_lowest_validation_loss(
    dataset: Dataset,
    small: Fields,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    val_losses: tuple[float, ...],
    best: int,
) -> None:
    script_validation(monkeypatch, *val_losses)
    start(dataset, tmp_path, small, (16, 3))
    saved = load_checkpoint(tmp_path / "best.pt")
    assert saved.position.epoch == best
    assert saved.metrics["val_loss"] == saved.position.best_loss == min(val_losses)
    last = load_checkpoint(tmp_path / "last.pt")
    assert last.position.epoch == 3 and last.position.best_loss == min(val_losses)


def test_a_new_stage_starts_with_a_new_plateau_and_best(
    dataset: Dataset, small: Fields, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 2 epochs without progress at 16 px, and 2 at 32 px: neither exceeds the patience of 2.
    script_validation(monkeypatch, 0.1, 0.2, 0.2, 0.9, 0.95, 0.95)
    start(dataset, tmp_path, small, (16, 3), (32, 3), plateau_patience=2)
    last, best = load_checkpoint(tmp_path / "last.pt"), load_checkpoint(tmp_path / "best.pt")
    assert last.optimizer["param_groups"][0]["lr"] == small["lr"]
    assert (last.scheduler["best"], last.scheduler["num_bad_epochs"]) == (0.9, 2)
    assert last.position.best_loss == 0.9
    assert (best.position.epoch, best.res, best.metrics["val_loss"]) == (4, 32, 0.9)


def test_a_new_stage_goes_on_with_weights_optimiser_and_average(
    dataset: Dataset, small: Fields, tmp_path: Path
) -> None:
    start(dataset, tmp_path, small, (16, 1), (32, 1), optimizer="adamw")
    last = load_checkpoint(tmp_path / "last.pt")
    assert {float(moments["step"]) for moments in last.optimizer["state"].values()} == {8.0}
    assert int(last.model["encoder.0.1.num_batches_tracked"]) == 8


def test_the_rate_falls_when_the_loss_does_not_and_stays_so_in_the_next_stage(
    dataset: Dataset, small: Fields, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script_validation(monkeypatch, 0.5, 0.5, 0.5, 0.1)
    rates: list[float] = []
    out, fields = tmp_path, {"plateau_patience": 1, "plateau_factor": 0.25}
    config = TrainConfig(out=out, stages=stages((16, 3), (32, 1)), **(small | fields))

    def note(_: str) -> None:
        if (out / "last.pt").exists():
            rates.append(load_checkpoint(out / "last.pt").optimizer["param_groups"][0]["lr"])

    train_stages(config, dataset, say=note)
    assert rates == pytest.approx([0.01, 0.01, 0.0025, 0.0025])


def test_the_rate_falls_along_a_cosine_over_the_pixels_of_all_stages(
    dataset: Dataset, small: Fields, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # With these losses, the plateau would lower the rate, too.
    script_validation(monkeypatch, 0.1, 0.5, 0.5, 0.5)
    start(dataset, tmp_path, small, (16, 3), (32, 1), schedule="cosine", plateau_patience=0, warm_up=0)
    with (tmp_path / "log" / "metrics.csv").open() as file:
        rates = [float(row["lr"]) for row in csv.DictReader(file)]
    assert rates == pytest.approx([small["lr"] * cosine(done) for done in (1 / 7, 2 / 7, 3 / 7, 1)], rel=1e-4)


def test_spoilt_weights_are_not_saved_within_an_epoch(
    dataset: Dataset, small: Fields, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Learner.step

    def spoil(learner: Learner, batches: Any, res: int, number: int, factor: float) -> Any:
        answer = plain(learner, batches, res, number, factor)
        if number == 2:
            next(learner.network.parameters()).data.fill_(math.nan)
        return answer

    monkeypatch.setattr(Learner, "step", spoil)
    with pytest.raises(RunError, match=r"expected finite weights, found NaN or infinity at step 2"):
        start(dataset, tmp_path, small, (16, 2), save_every="1")
    last = load_checkpoint(tmp_path / "last.pt")
    assert last.position.step == 2
    assert all(weight.isfinite().all() for weight in last.model.values())


def test_a_rate_given_on_resuming_replaces_the_fallen_one(
    dataset: Dataset, small: Fields, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script_validation(monkeypatch, 0.5, 0.5, 0.1, 0.1)
    start(dataset, tmp_path, small, (16, 2), plateau_patience=0)
    earlier = load_checkpoint(tmp_path / "last.pt")
    assert earlier.optimizer["param_groups"][0]["lr"] == pytest.approx(0.003)
    for lr, expected in ((0.01, 0.003), (0.5, 0.5)):
        config = TrainConfig(out=tmp_path, stages=stages((16, 3)), **(small | {"lr": lr}))
        train_stages(config, dataset, earlier, say=lambda _: None)
        assert load_checkpoint(tmp_path / "last.pt").optimizer["param_groups"][0]["lr"] == pytest.approx(
            expected
        )


def test_other_options_given_on_resuming_take_effect(dataset: Dataset, small: Fields, tmp_path: Path) -> None:
    start(dataset, tmp_path, small, (16, 1))
    earlier = load_checkpoint(tmp_path / "last.pt")
    fields = {"weight_decay": 0.5, "plateau_patience": 9, "plateau_factor": 0.9}
    config = TrainConfig(out=tmp_path, stages=stages((16, 2)), **(small | fields))
    train_stages(config, dataset, earlier, say=lambda _: None)
    last = load_checkpoint(tmp_path / "last.pt")
    assert last.optimizer["param_groups"][0]["weight_decay"] == 0.5
    assert (last.scheduler["patience"], last.scheduler["factor"]) == (9, 0.9)


def test_the_random_state_of_the_checkpoint_goes_on(dataset: Dataset, small: Fields, tmp_path: Path) -> None:
    start(dataset, tmp_path, small, (16, 1))
    state = torch.Generator().manual_seed(99).get_state()
    earlier = replace(load_checkpoint(tmp_path / "last.pt"), rng={"cpu": state})
    train_stages(
        TrainConfig(out=tmp_path, stages=stages((16, 2)), **small), dataset, earlier, say=lambda _: None
    )
    assert torch.equal(load_checkpoint(tmp_path / "last.pt").rng["cpu"], state)


def test_one_seed_gives_one_network_and_another_seed_another(
    dataset: Dataset, small: Fields, tmp_path: Path, differences: Callable[[Any, Any], list[str]]
) -> None:
    weights = []
    for number, seed in enumerate((1, 1, 2)):
        torch.manual_seed(number)
        start(dataset, tmp_path / str(number), small, (16, 1), seed=seed)
        weights.append(load_checkpoint(tmp_path / str(number) / "last.pt").model)
    assert differences(weights[0], weights[1]) == []
    assert differences(weights[0], weights[2]) != []


def test_losses_of_an_epoch_are_means_over_its_batches(
    dataset: Dataset, small: Fields, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = itertools.count()
    monkeypatch.setitem(losses.DEPTH_LOSSES, "l1", lambda *_: torch.tensor(float(next(calls))))
    outcome, _ = start(dataset, tmp_path, small, (16, 1), val_samples=4)
    # The losses of the batches are 0, 1, 2 and 3; validation comes later.
    assert outcome.metrics["train_loss/l1"] == 1.5


def test_the_terms_and_weights_asked_for_are_trained_on(
    dataset: Dataset, small: Fields, tmp_path: Path
) -> None:
    terms = {"mask_loss": {"bce": 2.0}, "depth_loss": {"l1": 0.5}}
    metrics = start(dataset, tmp_path, small, (16, 1), **terms)[0].metrics
    names = {"train_loss", "train_loss/bce", "train_loss/l1"}
    assert {name for name in metrics if name.startswith("train_")} == names
    assert metrics["train_loss"] == pytest.approx(
        2 * metrics["train_loss/bce"] + 0.5 * metrics["train_loss/l1"]
    )


def test_gradients_are_clipped_to_the_norm_asked_for(dataset: Dataset, small: Fields, tmp_path: Path) -> None:
    start(dataset, tmp_path, small, (16, 1), clip=1e-6, optimizer="adamw")
    state = load_checkpoint(tmp_path / "last.pt").optimizer["state"]
    moments = torch.cat([moments["exp_avg"].flatten() for moments in state.values()])
    assert 0 < float(moments.norm()) <= 1e-6


def break_loss(
    monkeypatch: pytest.MonkeyPatch, good_calls: int, broken: Callable[[torch.Tensor], torch.Tensor]
) -> None:
    """Break the depth loss l1 after some calls."""
    calls = itertools.count()

    def l1(depth_pred: torch.Tensor, depth: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        loss = losses.l1_loss(depth_pred, depth, known)
        return loss if next(calls) < good_calls else broken(loss)

    monkeypatch.setitem(losses.DEPTH_LOSSES, "l1", l1)


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(lambda loss: loss.detach() * math.nan, id="nan"),
        pytest.param(lambda loss: loss.detach() * math.inf, id="infinite"),
        pytest.param(lambda loss: loss * math.nan, id="nan-with-gradients"),
    ],
)
def test_a_loss_that_is_no_number_ends_the_run_and_leaves_the_last_checkpoint(
    dataset: Dataset,
    small: Fields,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    broken: Callable[[torch.Tensor], torch.Tensor],
) -> None:
    start(dataset, tmp_path, small, (16, 1))
    before = [(tmp_path / name).read_bytes() for name in ("last.pt", "best.pt", "log/metrics.csv")]
    earlier = load_checkpoint(tmp_path / "last.pt")
    break_loss(monkeypatch, 2, broken)
    config = TrainConfig(out=tmp_path, stages=stages((16, 2)), **small)
    with pytest.raises(
        RunError, match=r"expected a finite loss, found NaN or infinity at step 6; lower `lr`; last\.pt"
    ):
        train_stages(config, dataset, earlier, say=lambda _: None)
    after = [(tmp_path / name).read_bytes() for name in ("last.pt", "best.pt", "log/metrics.csv")]
    assert after == before


def test_a_loss_that_grows_without_bounds_ends_the_run_and_leaves_the_last_checkpoint(
    dataset: Dataset, small: Fields, tmp_path: Path
) -> None:
    start(dataset, tmp_path, small, (16, 1))
    before = (tmp_path / "last.pt").read_bytes()
    earlier = load_checkpoint(tmp_path / "last.pt")
    config = TrainConfig(out=tmp_path, stages=stages((16, 20)), **(small | {"lr": 1e3}))
    with pytest.raises(
        RunError, match=r"expected a loss that falls, found .* up from .*; lower `lr`; last\.pt"
    ):
        train_stages(config, dataset, earlier, say=lambda _: None)
    last = load_checkpoint(tmp_path / "last.pt")
    assert (tmp_path / "last.pt").read_bytes() == before or last.position.step > earlier.position.step


def test_weights_spoilt_by_the_last_batch_of_an_epoch_are_not_saved(
    dataset: Dataset, small: Fields, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(dataset, tmp_path, small, (16, 1))
    before = (tmp_path / "last.pt").read_bytes()
    earlier = load_checkpoint(tmp_path / "last.pt")
    # The square root of 0 is 0, but its slope there is not finite.
    break_loss(monkeypatch, 3, lambda loss: loss + (0 * loss).sqrt())
    config = TrainConfig(out=tmp_path, stages=stages((16, 2)), **small)
    with pytest.raises(RunError):
        train_stages(config, dataset, earlier, say=lambda _: None)
    assert (tmp_path / "last.pt").read_bytes() == before


def test_bf16_trains_and_keeps_its_weights_in_fp32(dataset: Dataset, small: Fields, tmp_path: Path) -> None:
    outcome, said = start(dataset, tmp_path, small, (16, 1), precision="bf16")
    assert "bfloat16 (mixed precision)" in said[0]
    assert math.isfinite(outcome.metrics["val_loss"])
    weights = load_checkpoint(tmp_path / "last.pt").model.values()
    assert {tensor.dtype for tensor in weights} == {torch.float32, torch.int64}


@pytest.mark.parametrize(
    ("stage", "stage_epochs", "finished"),
    [(0, 0, False), (0, 1, False), (0, 2, False), (1, 0, False), (1, 1, True)],
)
def test_a_run_is_finished_after_the_last_epoch_of_its_last_stage(
    stage: int, stage_epochs: int, finished: bool
) -> None:
    config = TrainConfig(stages=stages((16, 2), (32, 1)))
    assert is_finished(config, RunPosition(stage=stage, stage_epochs=stage_epochs)) is finished
