"""Sen12Landslides: Sentinel-2 patches of 15 dates as NetCDF files, the image after the event.

Hoehn, P., Heidler, K., Behling, R., Zhu, X. X. (2025). Sen12Landslides: a spatio-temporal dataset
for satellite-based landslide detection. Scientific Data. doi:10.1038/s41597-025-06167-2

Each `s2/<region>_s2_<number>.nc` holds the bands B02 ... B12, SCL, DEM and MASK as (time, x, y),
and an attribute that tells the last date before and the first date after the event. NetCDF 4 is
HDF5, which is how it is read here.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import h5py
import numpy as np

from keras_landslide.bands import BANDS, Band
from keras_landslide.datasets.chips import Chip, ChipSource, Raw
from keras_landslide.datasets.labels import to_label
from keras_landslide.datasets.pairs import natural
from keras_landslide.errors import InputFileError

OFFICIAL = {"train": 13628}
CLEAR_CLASSES = (4, 5, 6, 7, 11)
"""Of Sentinel-2's scene classification: vegetation, bare, water, unclassified, snow."""
CLEAR_SHARE = 0.9
SIZE_PX = 128
VARIABLES = {
    "B02": "blue",
    "B03": "green",
    "B04": "red",
    "B05": "red_edge_1",
    "B06": "red_edge_2",
    "B07": "red_edge_3",
    "B08": "nir",
    "B11": "swir_1",
    "B12": "swir_2",
    "DEM": "elevation",
}
"""Variables read and our band of each; B8A, a second near infrared, is left out."""


def sen12landslides(folder: str | Path, *, step: int | None = None) -> ChipSource:
    """List the Sentinel-2 patches in `folder` or in its `s2` or `data/s2`.

    There are no splits in the files themselves. The image is that of one date.

    Args:
        folder: the data set.
        step: which of the dates, from 0; None takes the first after the event, which each file
            tells, on which at least `CLEAR_SHARE` of the patch is clear by the scene
            classification; where there is none such, the clearest after the event.
    """
    folder = Path(folder)
    where = next((p for p in (folder / "data" / "s2", folder / "s2") if p.is_dir()), folder)
    paths = sorted(where.glob("*_s2_*.nc"), key=lambda path: natural(path.stem))
    bands: tuple[Band, ...] = tuple(BANDS[name] for name in VARIABLES.values())
    return ChipSource(
        name="sen12landslides",
        title="Sen12Landslides",
        folder=folder,
        bands=bands,
        pixel_size_m=10.0,
        size=(SIZE_PX, SIZE_PX),
        chips=tuple(Chip(path.stem, "train", path, path) for path in paths),
        stored=partial(_stored, step=step),
        convert=_convert,
        stored_shape=(SIZE_PX, SIZE_PX, len(bands)),
        official=OFFICIAL,
        options={"step": step},
        licence="CC BY 4.0 as its page says; cite Hoehn et al. 2025",
    )


def _stored(chip: Chip, *, step: int | None) -> Raw:
    path = chip.image
    try:
        with h5py.File(path) as file:
            missing = [name for name in (*VARIABLES, "MASK") if name not in file]
            if missing:
                raise InputFileError(f"{path}: has no variable {', '.join(missing)}")
            date = _clear(file, _after(file, path)) if step is None else step
            dates = len(file["B02"])
            if not 0 <= date < dates:
                raise InputFileError(f"{path}: has {dates} dates, and none of number {date}")
            image = np.stack([_values(file[name], date) for name in VARIABLES], axis=-1)
            # The mask is the same at every date; dates that were left empty hold 0.
            mask = file["MASK"][()].max(axis=0)
    except InputFileError:
        raise
    except (OSError, RuntimeError, TypeError) as error:
        raise InputFileError(
            f"{path}: is missing, truncated or no NetCDF 4 file ({str(error).splitlines()[0]})"
        ) from error
    return Raw(image, mask)


def _after(file: h5py.File, path: Path) -> int:
    """Number of the first date after the event, from text such as {'pre': 7, 'post': 8}."""
    text = file.attrs.get("pre_post_dates", "")
    text = text.decode() if isinstance(text, bytes) else str(text)
    found = re.search(r"post\W+(\d+)", text)
    if not found:
        raise InputFileError(
            f"{path}: does not tell which date is the first after the event; name it (`step`)"
        )
    return int(found[1])


def _clear(file: h5py.File, first: int) -> int:
    """The first date from `first` on that is clear; the clearest one where none is."""
    if "SCL" not in file or not 0 <= first < len(file["SCL"]):
        return first
    classes = file["SCL"][first:]
    shares = np.isin(classes, CLEAR_CLASSES).mean(axis=(1, 2))
    enough = np.flatnonzero(shares >= CLEAR_SHARE)
    return first + int(enough[0] if enough.size else np.argmax(shares))


def _values(variable: h5py.Dataset, date: int) -> np.ndarray:
    """One date, float32, NaN where the variable's fill value is."""
    values = variable[date].astype(np.float32)
    fill = variable.attrs.get("_FillValue")
    if fill is not None:
        values[values == np.float32(np.ravel(fill)[0])] = np.nan
    return values


def _convert(raw: Raw) -> tuple[np.ndarray, np.ndarray]:
    image = raw.image.copy()
    image[..., :-1] /= 10000  # digital numbers to reflectance; the elevation stays in metres
    return image, to_label(raw.mask)


def found_in(folder: Path) -> bool:
    """Whether a folder looks like this layout."""
    return any(next(folder.glob(f"{place}*_s2_*.nc"), None) for place in ("", "s2/", "data/s2/"))
