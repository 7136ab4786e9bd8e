"""Formats of labelled pictures: which pictures there are, and what their labels say."""
