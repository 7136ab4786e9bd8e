"""Reading batches of samples onto the device, and scaling them for the network."""
