"""Checks of the pictures that people bring, before a dataset is made of them."""
