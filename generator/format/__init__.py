"""What is on disk: tables, pixels, shards, bank, manifest, journal."""
