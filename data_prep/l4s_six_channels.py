"""Six-channel patches (red, green, blue, NDVI, slope, elevation) from Landslide4Sense's fourteen.

python data_prep/l4s_six_channels.py TrainData -o l4s6

Reads TrainData/img/image_*.h5 and writes l4s6/image_*.h5 with the key `img`, float32
(128, 128, 6), in reflectance, NDVI, degrees and metres.
"""

from pathlib import Path

import click
import h5py

from keras_landslide.cli.main import main
from keras_landslide.datasets.landslide4sense import SIX_CHANNELS, six_channels
from keras_landslide.errors import InputFileError
from keras_landslide.files import replacing
from keras_landslide.runtime.progress import progress


def convert(folder: Path, out: Path) -> int:
    """Convert every patch of `folder`; the number of patches.

    Raises:
        InputFileError: there is no patch, or one cannot be read.
    """
    paths = sorted((folder / "img").glob("image_*.h5"))
    if not paths:
        raise InputFileError(f"{folder}: holds no img/image_*.h5; give the TrainData folder")
    for path in progress(paths, "six channels", unit="patch"):
        try:
            with h5py.File(path) as source:
                image = six_channels(source["img"][()])
        except (OSError, KeyError) as error:
            raise InputFileError(f"{path}: is no Landslide4Sense patch ({error})") from error
        with replacing(out / path.name) as part, h5py.File(part, "w") as target:
            target.create_dataset("img", data=image, compression="gzip")
            target["img"].attrs["bands"] = list(SIX_CHANNELS)
    return len(paths)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), default=Path("l4s6"))
def six(folder: Path, out: Path) -> None:
    """Convert the patches of FOLDER (TrainData, ValidData or TestData) to six channels."""
    count = convert(folder, out)
    click.echo(f"wrote {count} patches of {', '.join(SIX_CHANNELS)} to {out}")


if __name__ == "__main__":
    main(command=six)
