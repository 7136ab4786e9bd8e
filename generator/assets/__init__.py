"""Pictures that people bring: listing, decoding, measuring flaws, finding duplicates, cutting out."""
