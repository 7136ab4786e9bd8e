"""Sample pictures, drawn."""
