"""The command line: one module a command; it parses, calls, and maps to exit codes."""
