"""Readers of published sets of image chips with masks."""
