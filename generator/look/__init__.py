"""Contact sheets and statistics of a dataset, and the look of all charts, sheets and text tables."""
