"""What the notebooks share: a work folder, the steps that came before, and small pictures.

Each function makes its result only where it is absent, so that any notebook runs alone. What it
calls is what the commands of `keras-landslide` call.
"""

import io
import logging
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Image, Markdown, display
from matplotlib.figure import Figure
from PIL import Image as Picture

import keras_landslide as kl

# TensorFlow's remarks on CPUs, CUDA and the files it saved are no help here.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
logging.getLogger("tensorflow").addFilter(lambda record: record.levelno >= logging.ERROR)

WORK = Path("work")
BASINS = ("argelia", "liboriana")
SIZE_PX, PATCH_PX, SEED = 384, 32, 0

RUN_CONFIG = """\
[data]                             # paths count from this file's folder
stack = "argelia/stack.tif"
patches = "argelia/patches.gpkg"
image_model = "rgb_terrain_sar"    # red green blue, slope curvature, vv_pre vv_post
augment = true                     # the eight symmetries of the square

[model]
name = "unet_colombia"
options = { filters = 8 }          # the study: 16, 32 or 64

[training]
loss = "dice"
learning_rate = 2e-3               # the study's best: 5e-4, with more filters and patches
batch_size = 8
epochs = 20                        # the study: 150
patience = 20
seed = 0
"""


def basins() -> dict[str, Path]:
    """Folders of the two simulated basins: rasters, inventory and recipe."""
    folders = {name: WORK / name for name in BASINS}
    if not all((folder / "recipe.toml").exists() for folder in folders.values()):
        kl.simulate(WORK, size=SIZE_PX, seed=SEED)
    return folders


def stacks() -> dict[str, Path]:
    """The band stack of each basin (notebook 01)."""
    paths = {name: folder / "stack.tif" for name, folder in basins().items()}
    for path in paths.values():
        if not path.exists():
            kl.stack(path.with_name("recipe.toml"), path)
    return paths


def patches() -> Path:
    """The patch table of argelia with its spatial split (notebook 02)."""
    stack = stacks()["argelia"]
    path = stack.with_name("patches.gpkg")
    if not path.exists():
        kl.make_patches(stack, path, size=PATCH_PX, seed=SEED)
    return path


def run_config() -> Path:
    """The run config, as one would write it in an editor."""
    path = WORK / "run.toml"
    WORK.mkdir(exist_ok=True)
    path.write_text(RUN_CONFIG, encoding="utf-8")
    return path


def run() -> Path:
    """The trained network (notebook 02)."""
    patches()
    return kl.train(run_config(), WORK / "run").paths["run"]


def show(picture: Path | Figure, width: int = 1100) -> None:
    """Embed a figure or a PNG file, at most `width` pixels wide and compressed."""
    stream = io.BytesIO()
    if isinstance(picture, Figure):
        picture.savefig(stream, dpi=120, bbox_inches="tight", facecolor="white")
        plt.close(picture)
    image = Picture.open(picture if isinstance(picture, Path) else stream).convert("RGB")
    if image.width > width:
        size = (width, round(image.height * width / image.width))
        image = image.resize(size, Picture.Resampling.LANCZOS)
    packed = io.BytesIO()
    image.save(packed, "jpeg", quality=88, subsampling=0, optimize=True)
    display(Image(packed.getvalue(), format="jpeg"))


def bands_of(path: Path, names: list[str] | tuple[str, ...]) -> dict[str, np.ndarray]:
    """Bands of a stack as arrays (H, W), by name."""
    stack = kl.open_stack(path)
    return {name: stack.sel(band=name).values for name in names}


def table(header: list[str], rows: list[list]) -> None:
    """Show a table; floats with three significant digits, or whole from 1000 up."""

    def text(value) -> str:
        if not isinstance(value, float):
            return str(value)
        return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"

    lines = [header, ["---"] * len(header), *rows]
    display(Markdown("\n".join("| " + " | ".join(map(text, line)) + " |" for line in lines)))


def natural(image: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Reflectance (H, W, 3) as colours between two brightnesses (3,); what is missing is white."""
    return np.nan_to_num(np.clip((image - low) / (high - low), 0, 1) ** 0.75, nan=1.0)


def bare(axes) -> None:
    """Take ticks and numbers off panels."""
    for ax in np.ravel(axes):
        ax.set(xticks=[], yticks=[])
