"""Faulty graph schedulers: `table` lists them, `seeding` makes a scheduler of a faulty part, and `graphs`
holds the small graphs in which they show. The others hold the bugs, a family a module.
"""
