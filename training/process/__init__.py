"""Devices, processes and their end."""
