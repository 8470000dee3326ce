"""Faulty work-order schedulers: `table` lists them, `seeding` makes a scheduler of a faulty part. The others
hold the bugs, a family a module.
"""
