"""The rows of `benchmarks/bench.py`: one file for each group of contests, and what all groups share."""
