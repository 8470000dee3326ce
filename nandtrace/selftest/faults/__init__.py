"""Faulty schedulers: subclasses, or parts, with one realistic bug each, to see whether the checker finds it.

`fault` says what a fault is, `catching` records one and says what was found. `table` lists those of the NAND
scheduler, whose bugs are in the modules beside it, a family a module; `graph` and `workorder` hold those of
the other schedulers. Where an assertion of the program would stop a bug, the bug goes around it: what is
tested is the checker.
"""
