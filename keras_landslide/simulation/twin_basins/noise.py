"""Seeded random fields: power-law surfaces, and sampling between cells of different size."""

from __future__ import annotations

import zlib

import numpy as np
from numba import njit
from scipy import fft


def generator(seed: int, basin: str, purpose: str) -> np.random.Generator:
    """An independent random stream for one purpose in one basin.

    Streams are keyed by name, so that adding one field leaves all others as they were.
    """
    keys = [seed, zlib.crc32(basin.encode()), zlib.crc32(purpose.encode())]
    return np.random.default_rng(np.random.SeedSequence(keys))


def fractal(
    shape: tuple[int, int], hurst: float, rng: np.random.Generator, *, longest: float | None = None
) -> np.ndarray:
    """A fractional Brownian surface by spectral synthesis.

    White noise is filtered in the Fourier domain to the isotropic power spectrum k^-(2H + 2)
    (Saupe 1988, in The Science of Fractal Images, doi:10.1007/978-1-4612-3784-6_2; H of natural
    terrain: Turcotte 1997, doi:10.1017/CBO9781139174695).

    Args:
        shape: (height, width) in cells.
        hurst: Hurst exponent H in (0, 1); larger is smoother.
        rng: source of the white noise.
        longest: wavelength in cells above which the spectrum is flat; the whole field by default.

    Returns:
        float32 (height, width) with mean 0 and standard deviation 1.
    """
    height, width = (fft.next_fast_len(n + n // 8, real=True) for n in shape)
    noise = rng.standard_normal((height, width), dtype=np.float32)
    spectrum = fft.rfft2(noise, overwrite_x=True)
    del noise
    ky = fft.fftfreq(height).astype(np.float32)[:, None]
    kx = fft.rfftfreq(width).astype(np.float32)[None, :]
    k = np.sqrt(ky**2 + kx**2)
    flat = 1.0 / (longest or max(shape))
    np.maximum(k, np.float32(flat), out=k)
    k **= np.float32(-(hurst + 1.0))
    spectrum *= k
    del k
    spectrum[0, 0] = 0
    field = fft.irfft2(spectrum, s=(height, width), overwrite_x=True)[: shape[0], : shape[1]]
    field = np.ascontiguousarray(field, dtype=np.float32)
    field -= field.mean(dtype=np.float64)
    field /= field.std(dtype=np.float64)
    return field


@njit(cache=True)
def upsample(coarse, factor, row0, row1, width):
    """Bilinear values of a coarse field on rows `row0` to `row1` of a grid `factor` times finer.

    Both grids are cell-centred and share their upper left corner. float32 (row1 - row0, width).
    """
    height_c, width_c = coarse.shape
    out = np.empty((row1 - row0, width), dtype=np.float32)
    for r in range(row0, row1):
        y = (r + 0.5) / factor - 0.5
        y = min(max(y, 0.0), height_c - 1.0)
        i = min(int(y), height_c - 2)
        v = y - i
        for c in range(width):
            x = (c + 0.5) / factor - 0.5
            x = min(max(x, 0.0), width_c - 1.0)
            j = min(int(x), width_c - 2)
            u = x - j
            top = coarse[i, j] * (1.0 - u) + coarse[i, j + 1] * u
            low = coarse[i + 1, j] * (1.0 - u) + coarse[i + 1, j + 1] * u
            out[r - row0, c] = top * (1.0 - v) + low * v
    return out


def double(coarse: np.ndarray) -> np.ndarray:
    """The field on a grid twice as fine: one step towards the quadratic B-spline surface."""
    height, width = coarse.shape
    return upsample(coarse, 2, 0, 2 * height, 2 * width)


def halve(fine: np.ndarray) -> np.ndarray:
    """Means of 2 x 2 cells; both sides must be even."""
    height, width = fine.shape
    return fine.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3), dtype=np.float32)
