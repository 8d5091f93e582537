"""A bundle over a whole scene: contract checks, windows, restartable strips, one mosaic.

The scene room receives a callable and knows nothing of the network; `engine` alone loads one.
"""
