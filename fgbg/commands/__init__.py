"""One file a command: parse, one library call, what to say."""
