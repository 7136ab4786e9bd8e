"""Pictures that people bring: listing, decoding, cutting out, pairing, duplicates."""
