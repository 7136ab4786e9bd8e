"""Datasets as plain files that other tools read; a file per format; `generator.export.pipeline` joins."""
