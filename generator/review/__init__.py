"""What is odd about the pictures that people bring."""
