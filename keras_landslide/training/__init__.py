"""Training a network on batches of patches: seeds, compiling, resume, threshold, final scores."""
