"""The checker of graph traces: replays edges, readiness and turns from the trace alone."""
