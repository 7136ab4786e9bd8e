"""A dataset for the eye: samples, figures, charts."""
