"""One file for each command: it parses options, makes one call to the library and prints the result."""
