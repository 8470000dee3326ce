"""The NAND operation scheduler: a deterministic generator of operation sequences in simulated time."""
