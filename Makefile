# Everything is installed into .venv, which the targets make themselves.
PYTHON ?= python3
BIN := .venv/bin
DEMO := outputs/demo
QUALITY := outputs/quality

.PHONY: demo test browser lint style types types-windows check picture bench bench-gpu quality-gpu clean

demo: .venv/installed
	$(BIN)/fgbg samples $(DEMO)/assets --count 60 --seed 1 --overwrite
	$(BIN)/fgbg generate --fg $(DEMO)/assets/fg --bg $(DEMO)/assets/bg --out $(DEMO)/shards --no-render
	$(BIN)/fgbg train --data $(DEMO)/shards --out $(DEMO)/run --res 48:3,96:3 --epoch-samples 5000 --resume
	$(BIN)/python docs/road.py --data $(DEMO)/shards --run $(DEMO)/run --out $(DEMO)

# Two processes share the tests. More threads in each would be slower on two cores.
test: .venv/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist worksteal

# Debian's Chromium, for the one test that needs a browser; without it, that test is skipped. Making .venv may use apt, too.
browser: | .venv/bin/python
	@command -v chromium >/dev/null || { \
		SUDO=$$([ "$$(id -u)" = 0 ] || echo sudo); \
		$$SUDO apt-get update -qq && \
		$$SUDO env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; }

lint: style types types-windows

style: .venv/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: .venv/installed-dev
	$(BIN)/mypy

types-windows: .venv/installed-dev
	$(BIN)/mypy --platform win32 --cache-dir .mypy_cache/win32

check: lint test

# The picture in the README, from the demo's run.
picture: demo
	cp $(DEMO)/road.jpg docs/road.jpg

# fgbg beside other tools and the bare hardware, in at most 20 minutes on an idle machine of two cores:
# outputs/benchmarks.json and .png. BENCH adds options: make bench BENCH="--only read --fg FOLDER --bg FOLDER"
bench: .venv/installed-bench
	$(BIN)/python benchmarks/bench.py $(BENCH)

# Rendering and training steps on a GPU, with the original widths, in at most 9 minutes. BENCH adds options, as above.
# Uses $(PYTHON) if everything is installed there; otherwise installs into .venv.
bench-gpu:
	@if PYTHONPATH=. $(PYTHON) -c 'import training.engine' 2>/dev/null; then python=$(PYTHON); \
	else $(MAKE) .venv/installed && python=$(BIN)/python; fi; \
	PYTHONPATH=. $$python benchmarks/bench.py --only gpu --limit-minutes 9 $(BENCH)

# The quality of the original widths at 192 px on a GPU: make quality-gpu FG=FOLDER BG=FOLDER. GENERATE, TRAIN and EVALUATE
# add options to the three commands. Run it again to continue.
quality-gpu: .venv/installed
	@test -n "$(FG)" -a -n "$(BG)" || { echo "Give the folders of pictures: make $@ FG=FOLDER BG=FOLDER"; exit 2; }
	$(BIN)/fgbg generate --fg "$(FG)" --bg "$(BG)" --out $(QUALITY)/shards --positions 20 --seed 7 --no-render $(GENERATE)
	$(BIN)/fgbg train --data $(QUALITY)/shards --out $(QUALITY)/run --res 96:4,192:8 \
		--epoch-samples 20000 --widths 64,128,256,512,1024 --batch-size 64 --schedule cosine --device auto --resume $(TRAIN)
	$(BIN)/fgbg evaluate --data $(QUALITY)/shards --checkpoint $(QUALITY)/run/last.pt --out $(QUALITY)/evaluation \
		--overwrite $(EVALUATE)

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/bin/python:
	$(PYTHON) -m venv .venv || ( \
		rm -rf .venv; \
		SUDO=$$([ "$$(id -u)" = 0 ] || echo sudo); \
		$$SUDO apt-get update -qq && $$SUDO apt-get install -y -qq python3 python3-venv && $(PYTHON) -m venv .venv )
	$(BIN)/python -m pip install --quiet --upgrade pip

.venv/installed: setup.cfg pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

.venv/installed-dev: setup.cfg pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch .venv/installed $@

.venv/installed-bench: setup.cfg pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	touch .venv/installed $@
