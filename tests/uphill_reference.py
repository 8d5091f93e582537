"""Random terrain with holes, and the highest pixel of a ring by plain loops, for every test."""

import math

import numpy as np


def random_terrain(seed, shape=(41, 53)):
    """Elevation with ties, plateaus and nodata; cell (height, width); ranges."""
    rng = np.random.default_rng(seed)
    elevation = np.cumsum(rng.normal(size=shape), axis=seed % 2).astype("float32") + 1500
    if seed % 3 == 0:
        elevation = np.round(elevation)  # many equal heights
    elevation[rng.random(shape) < 0.15] = np.nan
    elevation[5:12, 20:31] = np.nan
    cell = [(10.0, 10.0), (28.55, 28.55), (10.0, 13.0)][seed % 3]
    return elevation, cell, [3.1 * max(cell), 7.7 * max(cell)]


def reference_ring(range_m, cell):
    """(dy, dx) clockwise from north, nearer ones first in one direction."""
    height, width = cell
    reach = int(range_m / min(cell)) + 2
    ring = []
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            distance = math.hypot(dy * height, dx * width)
            if abs(distance - range_m) < min(cell) / 2:
                bearing = math.atan2(dx * width, -dy * height) % (2 * math.pi)
                ring.append((round(bearing, 9), distance, dy, dx))
    return [(dy, dx) for _, _, dy, dx in sorted(ring)]


def reference_index(elevation, range_m, cell):
    """Loop over pixels and ring."""
    ring = reference_ring(range_m, cell)
    rows, cols = elevation.shape
    index = np.full(elevation.shape, -1)
    for y in range(rows):
        for x in range(cols):
            if math.isnan(elevation[y, x]):
                continue
            best = -math.inf
            for k, (dy, dx) in enumerate(ring):
                if 0 <= y + dy < rows and 0 <= x + dx < cols and elevation[y + dy, x + dx] > best:
                    best, index[y, x] = elevation[y + dy, x + dx], k
    return index


def reference_aligned(features, elevation, ranges_m, cell):
    """Features (H, W, F) at the highest pixel of each range, (H, W, len(ranges_m) * F)."""
    rows, cols, count = features.shape
    out = np.empty((rows, cols, len(ranges_m) * count), "float32")
    for number, range_m in enumerate(ranges_m):
        ring, index = reference_ring(range_m, cell), reference_index(elevation, range_m, cell)
        for y in range(rows):
            for x in range(cols):
                dy, dx = ring[index[y, x]] if index[y, x] >= 0 else (0, 0)
                out[y, x, number * count : (number + 1) * count] = features[y + dy, x + dx]
    return out
