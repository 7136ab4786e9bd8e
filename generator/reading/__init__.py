"""A finished dataset: opened, proved, read."""
