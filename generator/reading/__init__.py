"""Reading a finished dataset: opening, verifying, rendering."""
