"""How good a network is, in numbers."""
