"""Other processes, and what the machine gives to each."""
