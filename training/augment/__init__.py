"""Random changes of a batch, drawn by key and then applied."""
