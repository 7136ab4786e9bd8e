"""Lightning Fabric, imported without what only its version checks need.

Fabric imports TorchMetrics to read its version, and TorchMetrics imports torchvision and transformers: more
seconds than all the rest of a run's start. Fabric uses the answer in its detection of spikes only.
"""

import sys

_HEAVY = "torchmetrics"

_is_first = _HEAVY not in sys.modules
if _is_first:
    sys.modules[_HEAVY] = None  # type: ignore[assignment]  # importing it raises ImportError
try:
    from lightning_fabric import Fabric
    from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment
    from lightning_fabric.plugins.precision import MixedPrecision
    from lightning_fabric.strategies.single_device import SingleDeviceStrategy
finally:
    if _is_first:
        del sys.modules[_HEAVY]

__all__ = ["Fabric", "MixedPrecision", "SingleDeviceStrategy", "TorchElasticEnvironment"]
