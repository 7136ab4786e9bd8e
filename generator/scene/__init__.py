"""What stands where in a sample."""
