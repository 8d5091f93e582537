"""Options of the use cases that belong together; each is described here and nowhere else."""

from __future__ import annotations

from pathlib import Path

from keras_landslide.inference.engines.table import DEFAULT, ENGINES
from keras_landslide.inventory.formats import DEFAULT as DEFAULT_FORMAT
from keras_landslide.inventory.formats import FORMATS
from keras_landslide.options import MOST_PX, MOST_SEED, MOST_WORKERS, option, options

MOST_M2 = 1e15
"""Twice the surface of the Earth."""


@options
class Answering:
    """Who answers: one bundle or several, seen once or from all sides, by which engine."""

    ensemble: tuple[str | Path, ...] = option(
        default=(),
        help="A further bundle to answer with: mean, and the spread as a band 'uncertainty'. May "
        "be given several times.",
        metavar="BUNDLE",
    )
    augment: bool = option(
        default=False, help="See the scene from all eight sides: mean and uncertainty."
    )
    dropout_draws: int | None = option(
        default=None,
        help="Answer N times with dropout left on: mean and uncertainty.",
        least=2,
        most=1000,
        metavar="N",
    )
    engine: str = option(
        default=DEFAULT,
        help="What runs the network. "
        + " ".join(f"{name}: {engine.use}." for name, engine in ENGINES.items()),
        choices=tuple(ENGINES),
    )


@options
class Drawing:
    """What the map holds."""

    flag_missing: bool = option(
        default=False,
        help="Add a band 'missing_context': the share of missing pixels among those that the "
        "network sees for a pixel.",
    )
    map_format: str = option(
        default="probability",
        help="Map as float32 in 0..1 or as uint8 percent.",
        choices=("probability", "percent"),
        flag="format",
    )


@options
class Polygons:
    """Which landslides are traced, and how."""

    threshold: float | None = option(
        default=None,
        help="Probability that counts as landslide.",
        least=0,
        most=1,
        default_text="the bundle's",
    )
    minimum_area_m2: float = option(
        default=0.0, help="Minimum mapping unit, m2.", least=0, most=MOST_M2
    )
    fill_holes_m2: float = option(
        default=0.0, help="Fill holes smaller than this, m2.", least=0, most=MOST_M2
    )
    simplify_m: float = option(
        default=0.0,
        help="Simplify outlines with this tolerance, m; neighbours never come to overlap.",
        least=0,
        most=100_000,
    )
    rule_probability: float | None = option(
        default=None, help="Keep objects of at least this mean probability.", least=0, most=1
    )
    rule_ndvi: float | None = option(
        default=None, help="Keep objects of at most this mean NDVI.", least=-1, most=1
    )
    rule_slope: float | None = option(
        default=None, help="Keep objects of at least this mean slope, degrees.", least=0, most=90
    )
    inventory_format: str = option(
        default=DEFAULT_FORMAT,
        help="File of the landslides. "
        + " ".join(f"{name}: {each.suffix}, {each.use}." for name, each in FORMATS.items()),
        choices=tuple(FORMATS),
    )
    size_plot: bool = option(
        default=False, help="Draw the frequency of landslide areas, frequency_area.png."
    )


@options
class Resources:
    """Memory, windows and processes; none of them changes a map by more than rounding."""

    memory: str | None = option(
        default=None,
        help="Memory for each process, such as 4GB; the windows are those that cost the least "
        "time within it.",
        metavar="SIZE",
    )
    window_px: int | None = option(
        default=None,
        help="Side of a window in pixels; memory and speed grow with it.",
        least=1,
        most=MOST_PX,
    )
    batch_size: int = option(
        default=1,
        help="Windows per call of the network; raise it on a GPU.",
        least=1,
        most=4096,
    )
    scheduler: str | None = option(
        default=None, help="Work on the Dask cluster of this scheduler.", metavar="ADDRESS"
    )
    workers: int | None = option(
        default=None,
        help="Work in this many processes on this machine.",
        least=1,
        most=MOST_WORKERS,
    )


@options
class Fitting:
    """What a calibration is fitted on and how it is judged."""

    method: str = option(
        default="temperature",
        help="One number, or a rising map.",
        choices=("temperature", "isotonic"),
    )
    split: str = option(default="val", help="Split to fit on.")
    test_split: str = option(default="test", help="Split to report on; it has no say in anything.")


@options
class Blocks:
    """Spatial blocks that intervals are made from."""

    block_px: int = option(
        default=64,
        help="Edge of the spatial blocks that intervals draw, pixels.",
        least=1,
        most=MOST_PX,
    )
    seed: int = option(default=0, help="Of the drawn blocks.", least=0, most=MOST_SEED)


@options
class Remedies:
    """What helps a network in a new place."""

    labelled: tuple[int, ...] = option(
        default=(1, 5, 20),
        help="Numbers of labelled patches to learn on from.",
        default_text="1,5,20",
    )
    draws: int = option(
        default=3, help="How often patches are drawn: which ones matters.", least=1, most=1000
    )
    steps: int = option(
        default=100, help="Gradient steps of each fine-tuning.", least=1, most=1_000_000
    )
    learning_rate: float = option(default=2e-4, help="Of fine-tuning.", above=0, most=100)
    seed: int = option(default=0, help="Of drawn patches and blocks.", least=0, most=MOST_SEED)


@options
class Scored:
    """Which pixels are scored."""

    patches: str | Path | None = option(
        default=None, help="Score only inside patches of this table: those of `split`."
    )
    split: str | None = option(
        default=None, help="Split to score with `patches`.", default_text="test"
    )
    image_model: str | None = option(
        default=None,
        help="Score only where the stack has these bands, so that models of fewer bands are "
        "scored on the same pixels.",
    )
    block_px: int = option(
        default=64,
        help="Edge of the spatial blocks that intervals draw, pixels.",
        least=1,
        most=MOST_PX,
    )
    seed: int = option(default=0, help="Of the drawn blocks.", least=0, most=MOST_SEED)


@options
class Truth:
    """What the true landslides are, and which mapped ones count."""

    inventory: str | Path | None = option(
        default=None,
        help="True landslides as polygons.",
        default_text="traced from the label",
    )
    surveyed: str | Path | None = option(
        default=None, help="Area that the inventory covers, as polygons."
    )
    group_field: str | None = option(
        default=None, help="Attribute of `inventory` to tell apart, such as event or basin."
    )
    minimum_area_m2: float = option(
        default=0.0, help="Smaller predicted objects do not count, m2.", least=0, most=MOST_M2
    )


@options
class Judging:
    """Where the threshold comes from, and what the map is compared with."""

    bundle: str | Path | None = option(default=None, help="Take the threshold of a bundle.")
    threshold: float | None = option(
        default=None,
        help="Decision threshold.",
        least=0,
        most=1,
        default_text="the one noted in the map",
    )
    against: str | Path | None = option(
        default=None, help="Map of another model: paired difference on common pixels."
    )
    calibration_split: str | None = option(
        default=None, help="Split of `patches` to choose thresholds and calibration on."
    )
    audit: str | Path | None = option(
        default=None,
        help="What the verb audit wrote: how much a random split flatters.",
        metavar="AUDIT_JSON",
    )
    scene: str | None = option(
        default=None,
        help="Name of the scene in the report.",
        default_text="the name in the stack, else that of its folder",
    )
