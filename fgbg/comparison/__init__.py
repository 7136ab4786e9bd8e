"""Several runs side by side: figures, curves and predictions for the same pictures."""
