"""Use cases, one per file: what a verb does, for Python and for the command line alike."""
