"""The invariants, a module a group. See docs/invariants.md."""
