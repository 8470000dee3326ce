"""nandtrace beside its peers: the same events, in the same run, on the same machine."""
