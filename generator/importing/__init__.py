"""From labelled pictures to shards: fit, splits, shards, manifest."""
