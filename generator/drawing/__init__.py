"""Drawing of sample pictures."""
