"""A small seeded batch source: bright squares on noise, some pixels missing or unlabelled."""

import numpy as np


class SquareBatches:
    def __init__(self, *, batches=3, batch_size=2, size=32, channels=3, seed=0, shuffle=True):
        rng = np.random.default_rng(seed)
        n = batches * batch_size
        self.labels = np.zeros((n, size, size, 1), "float32")
        for label in self.labels:
            row, col = rng.integers(0, size - 8, 2)
            label[row : row + 8, col : col + 8] = 1
        self.images = rng.normal(100, 10, (n, size, size, channels)).astype("float32")
        self.images += 40 * self.labels
        self.images[:, :2, :2, 0] = np.nan
        self.labels[:, :2, :2] = 255
        self.batch_size = batch_size
        self.seed = seed
        self.shuffle = shuffle
        self.read = []

    def __len__(self):
        return len(self.labels) // self.batch_size

    def batch(self, epoch, index):
        self.read.append((epoch, index))
        order = np.arange(len(self.labels))
        if self.shuffle:
            order = np.random.default_rng([self.seed, epoch]).permutation(order)
        rows = order[index * self.batch_size : (index + 1) * self.batch_size]
        return self.images[rows], self.labels[rows]
