"""Mutated inputs of eight kinds, given to the commands: `python benchmarks/faults.py fuzz`."""
