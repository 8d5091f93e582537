"""Where scenes come from: readers of public data sets, and the simulated twin basins."""
