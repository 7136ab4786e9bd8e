"""Folders behind URLs: reading, writing, downloading. Works with every file system that fsspec knows."""
