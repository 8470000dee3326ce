"""What differs between two traces: digests first, then one first divergence."""
