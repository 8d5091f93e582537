"""Sen12Landslides: patches of 15 dates as NetCDF files, the images around the event.

Hoehn, P., Heidler, K., Behling, R., Zhu, X. X. (2025). Sen12Landslides: a spatio-temporal dataset
for satellite-based landslide detection. Scientific Data. doi:10.1038/s41597-025-06167-2

Each `s2/<region>_s2_<number>.nc` holds the bands B02 ... B12, SCL, DEM and MASK as (time, x, y),
and an attribute that tells the last date before and the first date after the event. The radar
images of the same patch are VV and VH in `s1asc/<region>_s1asc_<number>.nc` (ascending orbits) and
`s1dsc/...` (descending ones), with dates of their own. NetCDF 4 is HDF5, which is how it is read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import h5py
import numpy as np

from keras_landslide.bands import IMAGE_MODELS, Band, band_of
from keras_landslide.datasets.chips import Chip, ChipSource, Problem, Raw
from keras_landslide.datasets.labels import to_label
from keras_landslide.datasets.pairs import natural
from keras_landslide.errors import InputFileError, UnknownNameError
from keras_landslide.rasters.hdf5 import refuse_other_files

OFFICIAL = {"train": 13628}
CHANNELS = ("sen12_s2", "sen12_s2_change", "sen12_s1_change", "sen12_all")
"""Image models that the data set gives."""
ORBITS = ("asc", "dsc")
CLEAR_CLASSES = (4, 5, 6, 11)
"""Of Sentinel-2's scene classification: vegetation, not vegetated, water, snow or ice.

7 is "unclassified", which the processor that makes it (sen2cor) names cloud of low probability, and
2 is dark ground in topographic shadow: neither counts as clear.
"""
CLEAR_SHARE = 0.9
SIZE_PX = 128
VARIABLES = {
    "blue": "B02",
    "green": "B03",
    "red": "B04",
    "red_edge_1": "B05",
    "red_edge_2": "B06",
    "red_edge_3": "B07",
    "nir": "B08",
    "swir_1": "B11",
    "swir_2": "B12",
}
"""Variable of each optical band; B8A, a second near infrared, is left out."""


def sen12landslides(
    folder: str | Path,
    *,
    channels: str = "sen12_s2",
    step: int | None = None,
    step_before: int | None = None,
    orbit: str = "asc",
) -> ChipSource:
    """List the patches in `folder` or in its `s2` or `data/s2`.

    There are no splits in the files themselves. The optical images are those of the last clear date
    before the event and of the first clear date after it: each file tells which dates lie before
    and after, and a date is clear where at least `CLEAR_SHARE` of the patch is so by the scene
    classification. Where no date is, the clearest is taken and told of. Radar sees through clouds:
    its images are those of the last date before the event and of the first one after it.

    Args:
        folder: the data set.
        channels: one of `CHANNELS`: Sentinel-2 after the event; before and after it; Sentinel-1
            before and after; all of them.
        step: which of the dates is the optical image after the event, from 0; None chooses.
        step_before: the same of the image before the event.
        orbit: of Sentinel-1: `asc` (ascending) or `dsc` (descending).

    Raises:
        UnknownNameError: there are no such channels, or no such orbit.
    """
    if channels not in CHANNELS:
        raise UnknownNameError.among("channels", channels, CHANNELS)
    if orbit not in ORBITS:
        raise UnknownNameError.among("orbit", orbit, ORBITS)
    folder = Path(folder)
    where = next((p for p in (folder / "data" / "s2", folder / "s2") if p.is_dir()), folder)
    paths = sorted(where.glob("*_s2_*.nc"), key=lambda path: natural(path.stem))
    names = IMAGE_MODELS[channels]
    bands: tuple[Band, ...] = tuple(band_of(name) for name in names)
    chips, problems = [], []
    for path in paths:
        extra = {}
        if any(band.sensor == "sar" for band in bands):
            radar = _radar(path, orbit)
            if radar is None:
                text = f"has no file of Sentinel-1 ({orbit}) beside it; choose another `orbit`"
                problems.append(Problem("error", "radar missing", str(path), text))
                continue
            extra["radar"] = radar
        chips.append(Chip(path.stem, "train", path, path, extra=extra))
    return ChipSource(
        name="sen12landslides",
        title="Sen12Landslides",
        folder=folder,
        bands=bands,
        pixel_size_m=10.0,
        size=(SIZE_PX, SIZE_PX),
        chips=tuple(chips),
        stored=partial(_stored, names=names, step=step, step_before=step_before),
        convert=partial(_convert, optical=tuple(b.unit == "reflectance" for b in bands)),
        stored_shape=(SIZE_PX, SIZE_PX, len(bands)),
        official=OFFICIAL,
        options={
            "channels": channels,
            "step": step,
            "step_before": step_before,
            "orbit": orbit,
            "clear": [*CLEAR_CLASSES, CLEAR_SHARE],
        },
        problems=tuple(problems),
        licence="CC BY 4.0 as its page says; cite Hoehn et al. 2025",
    )


def _radar(path: Path, orbit: str) -> Path | None:
    """The radar file of a patch: in the folder of the orbit, or beside the optical one."""
    name = path.name.replace("_s2_", f"_s1{orbit}_")
    places = (path.parent.with_name(f"s1{orbit}") / name, path.with_name(name))
    return next((place for place in places if place.is_file()), None)


def _stored(chip: Chip, *, names: Sequence[str], step: int | None, step_before: int | None) -> Raw:
    path, notes = chip.image, []
    planes: dict[str, np.ndarray] = {}
    with _opened(path) as file:
        optical = [name for name in names if name.removesuffix("_pre") in VARIABLES]
        needed = [VARIABLES[name.removesuffix("_pre")] for name in optical]
        _require(file, path, [*needed, "DEM", "MASK"])
        after, before = step, step_before
        if any(name in VARIABLES for name in optical) and after is None:
            after, note = _clear(file, range(_date(file, path, "post"), len(file["B02"])))
            notes += [f"after the event {note}"] if note else []
        if any(name.endswith("_pre") for name in optical) and before is None:
            before, note = _clear(file, range(_date(file, path, "pre"), -1, -1))
            notes += [f"before the event {note}"] if note else []
        for name in optical:
            date = before if name.endswith("_pre") else after
            planes[name] = _values(file, VARIABLES[name.removesuffix("_pre")], date, path)
        planes["elevation"] = _values(file, "DEM", after or 0, path)
        # The mask is the same at every date; dates that were left empty hold 0.
        mask = file["MASK"][()].max(axis=0)
    if "radar" in chip.extra:
        path = chip.extra["radar"]
        with _opened(path) as file:
            _require(file, path, ["VV", "VH"])
            for name in ("vv_pre", "vv_post", "vh_pre", "vh_post"):
                variable, _, when = name.partition("_")
                planes[name] = _values(file, variable.upper(), _date(file, path, when), path)
    return Raw(np.stack([planes[name] for name in names], axis=-1), mask, tuple(notes))


class _opened:
    """A NetCDF 4 file; what fails in its block becomes `InputFileError`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file: h5py.File | None = None

    def __enter__(self) -> h5py.File:
        try:
            self.file = h5py.File(self.path)
        except (OSError, RuntimeError) as error:
            raise self._damaged(error) from error
        refuse_other_files(self.file, self.path)
        return self.file

    def __exit__(self, kind: object, error: BaseException | None, where: object) -> None:
        if self.file is not None:
            self.file.close()
        if isinstance(error, (OSError, RuntimeError, TypeError)) and not isinstance(
            error, InputFileError
        ):
            raise self._damaged(error) from error

    def _damaged(self, error: BaseException) -> InputFileError:
        text = str(error).splitlines()[0]
        return InputFileError(f"{self.path}: is missing, truncated or no NetCDF 4 file ({text})")


def _require(file: h5py.File, path: Path, names: Sequence[str]) -> None:
    """Refuse a file without the variables, or of other sizes than a patch of some dates."""
    missing = [name for name in dict.fromkeys(names) if name not in file]
    if missing:
        raise InputFileError(f"{path}: has no variable {', '.join(missing)}")
    for name in names:
        shape = file[name].shape
        if len(shape) != 3 or shape[0] > 1000 or max(shape[1:]) > 4096:
            raise InputFileError(
                f"{path}: {name} has shape {' x '.join(map(str, shape))}, expected dates x "
                f"{SIZE_PX} x {SIZE_PX}"
            )


def _date(file: h5py.File, path: Path, when: str) -> int:
    """Number of a date, `pre` or `post`, from text such as {'pre': 7, 'post': 8}."""
    text = file.attrs.get("pre_post_dates", "")
    text = text.decode() if isinstance(text, bytes) else str(text)
    found = re.search(rf"{when}\W+(\d+)", text)
    if not found:
        words = {"pre": "last before", "post": "first after"}[when]
        name = {"pre": "step_before", "post": "step"}[when]
        raise InputFileError(
            f"{path}: does not tell which date is the {words} the event; name it (`{name}`)"
        )
    return int(found[1])


def _clear(file: h5py.File, dates: Sequence[int]) -> tuple[int, str]:
    """The first of some dates that is clear, or the clearest one, which is then told in words."""
    if "SCL" not in file:
        return dates[0] if dates else -1, "no scene classification tells of clouds"
    dates = [date for date in dates if date < len(file["SCL"])]
    if not dates:
        return -1, ""
    shares = []
    for date in dates:
        shares.append(float(np.isin(file["SCL"][date], CLEAR_CLASSES).mean()))
        if shares[-1] >= CLEAR_SHARE:
            return date, ""
    best = int(np.argmax(shares))
    return dates[best], (
        f"no date is {CLEAR_SHARE:.0%} clear by the scene classification; date {dates[best]} is "
        f"taken, of which {shares[best]:.0%} is"
    )


def _values(file: h5py.File, name: str, date: int | None, path: Path) -> np.ndarray:
    """One date, float32, NaN where the variable's fill value is."""
    variable = file[name]
    if date is None or not 0 <= date < len(variable):
        raise InputFileError(f"{path}: has {len(variable)} dates, and none of number {date}")
    values = variable[date].astype(np.float32)
    fill = variable.attrs.get("_FillValue")
    if fill is not None:
        values[values == np.float32(np.ravel(fill)[0])] = np.nan
    return values


def _convert(raw: Raw, *, optical: tuple[bool, ...]) -> tuple[np.ndarray, np.ndarray]:
    image = raw.image.copy()
    # Digital numbers to reflectance; elevation stays in metres and backscatter in decibels.
    image[..., np.array(optical)] /= 10000
    return image, to_label(raw.mask)


def found_in(folder: Path) -> bool:
    """Whether a folder looks like this layout."""
    return any(next(folder.glob(f"{place}*_s2_*.nc"), None) for place in ("", "s2/", "data/s2/"))
