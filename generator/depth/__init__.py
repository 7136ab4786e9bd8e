"""Where depth comes from: files, networks, or a plane."""
