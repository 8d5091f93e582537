"""The papers as protocols: run their models under their conditions, and put the tables beside."""
