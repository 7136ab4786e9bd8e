"""Mask and depth for each frame of a video."""
