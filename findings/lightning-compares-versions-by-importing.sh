#!/usr/bin/env bash
# compare_version of lightning-utilities 0.15.3 imports a package to read its version, and lightning-fabric 2.6.6 asks so for TorchMetrics
# while it is imported itself. So `import lightning_fabric` (and `lightning.fabric`) imports TorchMetrics 1.9, and with it torchvision,
# torch._dynamo and transformers where they are installed: 3.4 s of CPU where all of torch takes 2.3 s, and again in each process of a run.
#
# Expected: a version is read from the metadata of the package, which importlib.metadata gives without importing it.
# Affected: every program that starts Fabric in an environment with TorchMetrics, which pytorch-lightning requires. fgbg imports Fabric in
# one place, where TorchMetrics cannot be imported (training/process/fabric.py).
#
# Seen:
#   lightning-utilities 0.15.3
#   before: numpy is not imported
#   compare_version("numpy", >=, "1.0"): True
#   after: numpy is imported
#   lightning-fabric 2.6.6, utilities/imports.py: compare_version("torchmetrics", operator.ge, "1.0.0")
#
# The exit code is 0 as long as this is so, and 1 if it has changed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'lightning-utilities==0.15.3' 'numpy==2.3.4'
"$work/venv/bin/pip" install --quiet --no-deps --target "$work/fabric" 'lightning-fabric==2.6.6'  # its source is enough
cat > "$work/try.py" <<'PYTHON'
import operator
import sys
from importlib.metadata import version
from pathlib import Path

from lightning_utilities.core.imports import compare_version


def state():
    return "is imported" if "numpy" in sys.modules else "is not imported"


print("lightning-utilities", version("lightning-utilities"))
before = state()
print("before: numpy", before)
print('compare_version("numpy", >=, "1.0"):', compare_version("numpy", operator.ge, "1.0"))
after = state()
print("after: numpy", after)
source = (Path(sys.argv[1]) / "lightning_fabric" / "utilities" / "imports.py").read_text()
call = 'compare_version("torchmetrics", operator.ge, "1.0.0")'
print("lightning-fabric 2.6.6, utilities/imports.py:", call if call in source else "another check")
raise SystemExit((before, after, call in source) != ("is not imported", "is imported", True))
PYTHON
"$work/venv/bin/python" "$work/try.py" "$work/fabric"
