"""Mutation: valid traces with one thing changed, to prove that the checker would have said so."""
