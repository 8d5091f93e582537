"""The command line: a verb per file, and the only place where rooms are wired together."""
