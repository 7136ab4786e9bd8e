"""The scene of each sample: which objects it holds, and where they stand."""
