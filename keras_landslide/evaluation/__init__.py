"""Scores of a probability map against labels: pooled pixels, and objects against objects.

NumPy and rasterio alone: a map from any source can be scored.
"""
