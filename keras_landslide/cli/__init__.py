"""The command line: a verb per file, which parses, calls one workflow and prints."""
