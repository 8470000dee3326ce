"""Profiles: YAML becomes a `nandtrace.nand.profile.Profile`, checked throughout, or a clear error.

`loading` reads a file or a built-in name, `build` makes the profile, `checks` refuse what makes no sense,
`nandseqgen` reads that generator's configuration. The YAML files here are the built-in profiles.
"""
