"""Several runs side by side: figures, curves and what each answers to the same pictures."""
