"""Random changes of training batches: parameters are drawn from a key, then applied."""
