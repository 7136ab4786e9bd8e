"""From samples of a dataset to what the network is given, on its device."""
