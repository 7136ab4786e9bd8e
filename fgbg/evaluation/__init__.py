"""The report of 'fgbg evaluate'."""
