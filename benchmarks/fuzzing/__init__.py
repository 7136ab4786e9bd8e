"""Mutated inputs of eight kinds for the commands: `python benchmarks/faults.py fuzz`."""
