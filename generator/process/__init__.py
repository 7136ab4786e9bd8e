"""Other processes, and the machine that they run on: memory and compiled loops."""
