"""Versions, kept apart so that packaging reads them without importing anything."""

__version__ = "0.1.0"

BUNDLE_FORMAT = 2
"""Version of `bundle.json`: what `export` writes and `predict` reads."""
