"""Export of datasets as files that other tools read: one module per format, joined by `pipeline`."""
