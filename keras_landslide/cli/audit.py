"""`keras-landslide audit`: how much a random split flatters a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from keras_landslide.config import RunConfig, load_run_config

if TYPE_CHECKING:
    from keras_landslide.patches.plan import PatchSettings

KINDS = ("spatial", "random")


@click.command(short_help="how much a random split flatters a model")
@click.argument("config", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True,
              help="Folder for both runs and audit.json.")  # fmt: skip
@click.option("--block", "block_px", type=click.IntRange(min=1), default=64, show_default=True,
              help="Edge of the spatial blocks that intervals draw, pixels.")  # fmt: skip
@click.option("--seed", default=0, show_default=True, help="Of the drawn blocks.")
def command(config: Path, out: Path, **options: Any) -> None:
    """Train the run CONFIG twice, with its patches split by blocks and at random.

    The score of the random split less that of the blocked one is what leaks between neighbouring
    patches. Stopped, the audit goes on where it was.
    """
    found = audit(config, out, **options)
    for kind in KINDS:
        click.echo(f"{kind:8} F1 {_text(found[kind]['f1'])}  {_between(found[kind]['interval'])}")
    gap = found["gap"]
    click.echo(f"gap      F1 {_text(gap and gap['value'])}  {_between(gap and gap['interval'])}")
    click.echo(f"wrote {out / 'audit.json'}")


def audit(
    config: str | Path, out: str | Path, *, block_px: int = 64, seed: int = 0
) -> dict[str, Any]:
    """Train and score under both splits.

    Args:
        config: run config; its patch table tells how to cut, and is itself left alone.
        out: folder; `spatial/` and `random/` hold patches, run, bundle, map and scores each.
        block_px: edge of the spatial blocks that intervals are made from, pixels.
        seed: of the bootstrap.

    Returns:
        What `audit.json` holds: `spatial` and `random` with `f1` and `interval` on their test
        patches, `gap` (`value`, `interval`: random less spatial), `simulated`; values are None
        where undefined.

    Raises:
        SplitError: the scene has no room for one of the splits.
        LandslideError: the config, its data or `out` are at fault.
    """
    from keras_landslide.evaluation.assess import assess
    from keras_landslide.evaluation.intervals import block_bootstrap, unpaired_difference
    from keras_landslide.files import write_json

    run, out = load_run_config(config), Path(out)
    settings = _settings(run)
    blocks, found = {}, {}
    for kind in KINDS:
        probability, threshold, windows = _one(run, settings, kind, out / kind)
        region = assess(probability, run.data.stack, threshold, windows=windows, block_px=block_px)[
            "all"
        ]
        blocks[kind] = region.blocks
        interval = block_bootstrap(region.blocks, ("f1",), seed=seed)["f1"]
        found[kind] = {"f1": region.scores.f1, "interval": interval and list(interval[:2])}
    gap = unpaired_difference(blocks["random"], blocks["spatial"], seed=seed)["f1"]
    result = {
        **found,
        "gap": gap and {"value": gap.value, "interval": list(gap.interval[:2])},
        "simulated": _simulated(run),
    }
    write_json(out / "audit.json", result)
    return result


def _one(
    run: RunConfig, settings: PatchSettings, kind: str, home: Path
) -> tuple[Path, float, list]:
    """Cut, train, export and predict under one split; the map, its threshold, the test windows."""
    from dataclasses import replace

    from keras_landslide.cli.predict import predict_scene_to_folder
    from keras_landslide.cli.scoring import patch_windows
    from keras_landslide.cli.train import train_run
    from keras_landslide.inference.bundle import read_bundle
    from keras_landslide.patches.plan import make_patches
    from keras_landslide.quiet import quiet_tensorflow
    from keras_landslide.rasters.read import stack_info

    table, bundle = home / "patches.gpkg", home / "bundle"
    if not table.exists():
        make_patches(run.data.stack, table, replace(settings, split_kind=kind))
    train_run(run.with_values(data={"patches": str(table.resolve())}), home / "run", quiet=True)
    if not (bundle / "bundle.json").exists():
        with quiet_tensorflow():
            from keras_landslide.export import export_bundle

        export_bundle(home / "run", bundle)
    probability = predict_scene_to_folder(bundle, run.data.stack, home / "map")["probability"]
    numbered = patch_windows(table, "test", stack_info(run.data.stack).grid)
    return probability, read_bundle(bundle).threshold, [window for _, window in numbered]


def _settings(run: RunConfig) -> PatchSettings:
    """How the run's own patches were cut.

    Raises:
        InputFileError: the table does not tell.
    """
    from keras_landslide.errors import InputFileError
    from keras_landslide.patches.plan import PatchSettings
    from keras_landslide.patches.table import read_tags

    tags = read_tags(run.data.patches)
    try:
        size, stride = int(tags["patch_size_px"]), int(tags["stride_px"])
        train, val, test = (float(share) for share in tags["split"].split(","))
        return PatchSettings(
            size=size,
            overlap=1 - stride / size,
            block=int(tags["block_px"]),
            # A random split notes a buffer of 0, which is none to take over.
            buffer=int(tags["buffer_px"]) or None,
            split=(train, val, test),
            folds=int(tags["folds"]),
            seed=int(tags["seed"]),
            image_model=run.data.image_model,
            minimum_valid=float(tags["minimum_valid"]),
        )
    except (KeyError, ValueError) as error:
        raise InputFileError(
            f"{run.data.patches}: does not note how it was cut ({error}); make it with "
            "`keras-landslide patches`"
        ) from error


def _simulated(run: RunConfig) -> bool:
    from keras_landslide.rasters.read import stack_info

    return stack_info(run.data.stack).simulated


def _text(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4f}"


def _between(interval: list[float] | None) -> str:
    return "" if interval is None else f"({interval[0]:.4f} to {interval[1]:.4f})"
