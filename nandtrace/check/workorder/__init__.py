"""The checker of work-order traces: replays orders, slots and decisions from the trace alone."""
