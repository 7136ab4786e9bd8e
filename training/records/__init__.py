"""The files of a run: names, checks, log and archive."""
