"""Figures and tables: what a run, a search and a map look like, for people."""
