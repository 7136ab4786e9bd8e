# Everything happens in .venv, which the targets make for themselves.
PYTHON ?= python3
BIN := .venv/bin
DEMO := outputs/demo

.PHONY: demo test lint check picture bench-gpu clean

demo: .venv/installed
	$(BIN)/fgbg samples $(DEMO)/assets --count 60 --seed 1 --overwrite
	$(BIN)/fgbg generate --fg $(DEMO)/assets/fg --bg $(DEMO)/assets/bg --out $(DEMO)/shards --no-render
	$(BIN)/fgbg train --data $(DEMO)/shards --out $(DEMO)/run --res 48:3,96:3 --epoch-samples 5000 --resume
	$(BIN)/python docs/road.py --data $(DEMO)/shards --run $(DEMO)/run --out $(DEMO)

test: .venv/installed-dev
	$(BIN)/python -m pytest

lint: .venv/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

check: lint test

# The picture in the README, from the demo's run.
picture: demo
	cp $(DEMO)/road.jpg docs/road.jpg

# The training step on a GPU, with the original's widths; BENCH="--fg FOLDER --bg FOLDER" for pictures of one's own.
# It takes this python where everything is installed, else it installs into .venv.
bench-gpu:
	@if PYTHONPATH=. $(PYTHON) -c 'import training.engine' 2>/dev/null; then python=$(PYTHON); \
	else $(MAKE) .venv/installed && python=$(BIN)/python; fi; \
	PYTHONPATH=. $$python benchmarks/step.py --device cuda --precision bf16 --widths 64,128,256,512,1024 \
		--batch 128 --res 96 --res 192 --profile $(BENCH)

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
