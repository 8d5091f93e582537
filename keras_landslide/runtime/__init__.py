"""The process itself: TensorFlow kept quiet, environment, huge pages, progress, lock, Dask."""
