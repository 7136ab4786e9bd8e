"""Measuring a network on a dataset, and the report of it."""
