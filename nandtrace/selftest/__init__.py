"""The proof that the checker finds what is wrong: mutants of valid traces, and faulty schedulers."""
