"""Measuring a network on a split, beside baselines that need no training."""
