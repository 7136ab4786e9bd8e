"""Devices and processes: which ones a run gets, how they find each other, and how they end."""
