"""Sets of values for `generate` that suit a purpose, by name."""

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    "photo": {"scale": (0.5, 2.0), "objects": (1, 3)},
}
"""Fields of GenerateConfig of each preset. docs/synthetic-to-real.md has the measurement behind photo."""
