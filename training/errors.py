"""The errors of this floor; their root and wording are in generator.errors.

FgbgError
├── RunError          a run cannot begin, go on, or came to a bad end
└── CheckpointError   a checkpoint cannot be used
"""

from generator.errors import FgbgError


class RunError(FgbgError):
    """A training run cannot begin or go on."""


class CheckpointError(FgbgError):
    """A checkpoint is missing, damaged or of another architecture."""
