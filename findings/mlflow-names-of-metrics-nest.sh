#!/usr/bin/env bash
# In the file store of MLflow 3.17.2, a metric `loss/dice` cannot be logged after a metric `loss`: each metric is a file, and `loss` would
# have to be a folder too. The error is one of the operating system. Both names are valid, and a server with a database takes both.
#
# Expected: names that the check of names accepts can be logged, or the check says which cannot.
# Affected: whoever logs a loss and its terms as `loss` and `loss/TERM`, as TensorBoard groups them. fgbg writes `loss.dice`
# (training/records/trackers.py).
#
# Seen:
#   mlflow-skinny 3.17.2
#   loss: logged
#   loss/dice: NotADirectoryError
#
# The exit code is 0 as long as this is so, and 1 if it has changed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'mlflow-skinny==3.17.2'
cat > "$work/try.py" <<'PYTHON'
import sys
from importlib.metadata import version
from pathlib import Path

from mlflow.tracking import MlflowClient

client = MlflowClient((Path(sys.argv[1]) / "store").as_uri())
run = client.create_run(client.create_experiment("e")).info.run_id
print("mlflow-skinny", version("mlflow-skinny"))
results = []
for name in ("loss", "loss/dice"):
    try:
        client.log_metric(run, name, 0.5)
        results.append("logged")
    except OSError as error:
        results.append(type(error).__name__)
    print(f"{name}: {results[-1]}")
raise SystemExit(results != ["logged", "NotADirectoryError"])
PYTHON
MLFLOW_ALLOW_FILE_STORE=true MLFLOW_DISABLE_TELEMETRY=true "$work/venv/bin/python" "$work/try.py" "$work"
