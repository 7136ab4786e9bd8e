"""Pictures to placements to shards, and reading them back."""

__version__ = "0.1.0"
