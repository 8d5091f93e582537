"""Simulated places: the twin basins, and a region for susceptibility mapping."""
