"""Import and export of logs in other formats."""
