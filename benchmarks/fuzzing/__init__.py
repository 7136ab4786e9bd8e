"""Mutated inputs of nine kinds for the commands: `python benchmarks/faults.py fuzz`."""
