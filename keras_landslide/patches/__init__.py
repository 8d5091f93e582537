"""From a stack to batches: windows, spatial split, patch table, cut cache, symmetries, loading.

Import the module you need; this file stays light. Everything here is NumPy: no Keras.
"""
