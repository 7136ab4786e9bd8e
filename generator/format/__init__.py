"""The files of a dataset on disk: tables, pixels, shards, bank, manifest, journal."""
