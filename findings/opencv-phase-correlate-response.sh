#!/usr/bin/env bash
# OpenCV 5.0.0: cv2.phaseCorrelate gives two pictures that have nothing in common a negative response in a third of all cases, and now and
# then a shift that is larger than the picture. Its documentation says that the response is between 0 and 1. The centroid of the
# peak is a weighted mean of 5 x 5 values that may be negative, so their sum may be near 0, or below.
#
# Expected: a response from 0 to 1 that can weigh answers, and a shift of at most half of the picture.
# Affected: whoever aligns a background with a photo, or frames of a video, by tiles and weighs tiles by the response: tiles with an
# object in front count negatively, or pull the mean far away. fgbg leaves such tiles out and takes a median
# (fgbg/predictor/plate_fit.py).
#
# Seen, 200 pairs of independent smooth noise of 32 x 32 pixels with a Hanning window:
#   negative responses: 63, shifts beyond the picture: 7
#   the same picture, shifted by 3 pixels: response 0.88, shift 2.95
#
# The exit code is 0 as long as this is so, and 1 if it has changed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'opencv-python-headless==5.0.0.93' 'numpy==2.4.*'
cat > "$work/try.py" <<'PYTHON'
import cv2
import numpy as np

SIDE = 32
window = cv2.createHanningWindow((SIDE, SIDE), cv2.CV_32F)


def noise(rng: np.random.Generator, side: int) -> np.ndarray:
    return cv2.GaussianBlur(rng.normal(0, 20, (side, side)).astype(np.float32), (0, 0), 1)


negative = beyond = 0
for seed in range(200):
    rng = np.random.default_rng(seed)
    (right, down), response = cv2.phaseCorrelate(noise(rng, SIDE), noise(rng, SIDE), window)
    negative += response < 0
    beyond += max(abs(right), abs(down)) > SIDE
print(f"negative responses: {negative}, shifts beyond the picture: {beyond}")
large = noise(np.random.default_rng(0), 2 * SIDE)
(right, _), response = cv2.phaseCorrelate(
    np.ascontiguousarray(large[:SIDE, 3 : SIDE + 3]), np.ascontiguousarray(large[:SIDE, :SIDE]), window
)
print(f"shifted by 3: response {response:.2f}, shift {right:.2f}")
raise SystemExit(not (negative > 40 and beyond > 0 and response > 0.3 and abs(abs(right) - 3) < 0.2))
PYTHON
"$work/venv/bin/python" "$work/try.py"
