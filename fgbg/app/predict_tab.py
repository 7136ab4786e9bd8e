"""The tab "Predict": a picture or a sample, its mask and depth."""

import random
from functools import partial
from pathlib import Path

import streamlit as st

from fgbg.app.desk import Answer, Request, SampleRequest, UploadRequest
from fgbg.app.downloads import Download, downloads
from fgbg.app.offers import find_datasets, find_networks
from fgbg.app.parts import choose, errors_shown, show_figures, show_legend, show_pictures
from fgbg.app.samples import filled_splits
from fgbg.app.scores import scores
from fgbg.app.settings import Settings
from fgbg.app.uploads import MOST_MEGABYTES, Upload, plain
from fgbg.app.view import Look
from fgbg.evaluation.samples import comparison_key
from fgbg.pages.parts import ColourKey, class_colours, mask_colours
from fgbg.predictor.draw_results import TINT_SHARE
from fgbg.predictor.plate_fit import UNUSED

_SOFT = "soft"
_THRESHOLDS = [_SOFT, *(f"{percent / 100:.2f}" for percent in range(5, 100, 5))]
_COLUMNS = 3
_UPLOAD, _SAMPLE = "Upload", "Sample"


def show_predict_tab(settings: Settings) -> None:
    """Draw the tab."""
    networks = find_networks(settings.checkpoints)
    if not networks:
        where = ", ".join(plain(place) for place in settings.checkpoints)
        st.info(f"There is no network in {where}. Train one with 'fgbg train', or start with --checkpoint.")
        return
    controls, results = st.columns([1, 3], gap="medium")
    with controls, errors_shown():
        network = choose("Network", networks, "network")
        request = _choose_request(settings)
        look = _choose_look()
    with results:
        if network is None or request is None:
            st.info("Upload a picture, or choose a sample. Mask and depth appear here.")
            return
        with errors_shown(), st.spinner("Predicting ..."):
            answer = settings.desk.answer(network, request)
        _show(settings, network, request, answer, look)


def _choose_request(settings: Settings) -> Request | None:
    datasets = find_datasets(settings.data)
    source = _UPLOAD
    if datasets:
        source = (
            st.segmented_control("Picture", [_UPLOAD, _SAMPLE], default=_UPLOAD, required=True) or _UPLOAD
        )
    if source == _SAMPLE:
        return _choose_sample(settings, datasets)
    picture = _upload("Picture to predict", "picture")
    bg = _upload("The same view without the object (optional)", "bg")
    return None if picture is None else UploadRequest(picture, bg)


def _upload(label: str, key: str) -> Upload | None:
    # Without `type`, for which Streamlit fails if a name has another suffix: the content decides.
    uploaded = st.file_uploader(label, key=key, max_upload_size=MOST_MEGABYTES)
    return None if uploaded is None else Upload(uploaded.name, uploaded.getvalue())


def _choose_sample(settings: Settings, datasets: dict[str, Path]) -> SampleRequest | None:
    folder = choose("Dataset", datasets, "sample_dataset")
    if folder is None:
        return None
    dataset = settings.desk.dataset(folder)
    subset = st.selectbox("Split", filled_splits(dataset), key="sample_split")
    total = len(dataset[subset])
    drawn = st.session_state.get("sample")
    if st.button("Draw another sample", width="stretch") or drawn is None or drawn[:2] != (folder, subset):
        drawn = st.session_state["sample"] = (folder, subset, random.randrange(total))
    row = min(drawn[2], total - 1)
    st.caption(plain(f"Sample {row:,} (0 to {total - 1:,}) of {subset}"))
    with_bg = dataset[subset].has_bg and st.toggle("Give the network the background", value=True)
    return SampleRequest(folder, subset, row, with_bg)


def _choose_look() -> Look:
    chosen = st.select_slider(
        "Mask threshold",
        _THRESHOLDS,
        value=_SOFT,
        help="'soft' shows the mask as the network answers it. Classes have no threshold.",
    )
    strength = st.slider("Overlay strength", 0.0, 1.0, TINT_SHARE, 0.05)
    return Look(None if chosen == _SOFT else float(chosen), strength)


def _show(settings: Settings, network: Path, request: Request, answer: Answer, look: Look) -> None:
    if (reason := answer.predicted.bg_unused) is not None:
        st.warning(f"The background {UNUSED[reason][0]} the picture, so it was not used.")
    if answer.predicted.depth is None:
        st.caption("This network does not estimate depth.")
    show_figures(scores(answer, look))
    show_pictures(answer.view.pictures(look), _COLUMNS)
    if keys := legend(answer):
        show_legend(keys)
    if answer.predicted.depth is not None:
        st.caption("Depth: dark is far, bright is near.")
    bar = st.container(horizontal=True)
    for file in downloads(answer):
        bar.download_button(
            file.label,
            partial(_content, settings, network, request, file, look),
            request.stem + file.suffix,
            "image/png",
            on_click="ignore",
            icon=":material/download:",
            key=f"download{file.suffix}",
        )


def _content(settings: Settings, network: Path, request: Request, file: Download, look: Look) -> bytes:
    # The desk may have dropped the answer since; then it predicts again.
    return file.content(settings.desk.answer(network, request), look)


def legend(answer: Answer) -> list[ColourKey]:
    """What the colours of masks mean, and those of both masks compared."""
    if answer.truth is None:
        return class_colours([answer.entry])
    compared = [ColourKey(f"rgb{colour}", text) for colour, text in comparison_key(answer.entry)]
    return mask_colours([answer.entry]) + compared
