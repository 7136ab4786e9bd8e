"""Shards to tensors to network to checkpoints."""
