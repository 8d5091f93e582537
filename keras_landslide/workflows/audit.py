"""`keras-landslide audit`: what a random split flatters, and what another basin costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_landslide.config import RunConfig, load_run_config
from keras_landslide.files import refuse_folder_of_another
from keras_landslide.workflows.results import Result, by_name

if TYPE_CHECKING:
    import numpy as np

    from keras_landslide.patches.plan import PatchSettings

KINDS = ("spatial", "random")


def audit(
    config: str | Path,
    out: str | Path,
    *,
    basins: tuple[str | Path, ...] = (),
    seeds: int = 1,
    block_px: int = 64,
    seed: int = 0,
) -> Result:
    """Train and score under both splits, and with each basin left out.

    A run that lists its sources is trained once for each of their groups (basins or events), on
    all the others, and scored on that one: see `audit_groups`.

    Args:
        config: run config; its patch table tells how to cut, and is itself left alone.
        out: folder; `BASIN/KIND-SEED/` in it holds patches, run, bundle and map.
        basins: stacks of further basins, cut and learnt as the first.
        seeds: repetitions; the seeds of config and patch table and those that follow them.
        block_px: edge of the spatial blocks that intervals are made from, pixels.
        seed: of the bootstrap.

    Returns:
        What `audit.json` holds: per basin `spatial` and `random`, `gap` (random less spatial),
        and with several basins `left_out` and `transfer_gap` (spatial less left out), each with
        `f1` (mean over seeds), `per_seed` and `interval` (of that mean, over seeds and blocks);
        values are None where undefined. Of a run that lists its sources, per group `left_out`,
        and where all groups have test patches `together` and `transfer_gap` (together less left
        out). Then `seeds` and `simulated`.

    Raises:
        RecipeError: a basin is given twice.
        SplitError: a scene has no room for one of the splits.
        LandslideError: the config, its data or `out` are at fault.
    """
    from keras_landslide.errors import RecipeError
    from keras_landslide.evaluation.seeds import seed_gap, seed_score
    from keras_landslide.files import write_json
    from keras_landslide.options import check_numbers
    from keras_landslide.runtime.progress import progress
    from keras_landslide.workflows.audit_groups import audit_groups
    from keras_landslide.workflows.audit_runs import cut_again, left_out_blocks, split_blocks

    refuse_folder_of_another(out)
    check_numbers(seeds=seeds, block_px=block_px, seed=seed)
    first, out = load_run_config(config), Path(out)
    if first.data.source:
        if basins:
            raise RecipeError(
                f"{config}: it lists its sources; write further basins as [[data.source]] there"
            )
        told = audit_groups(first, out, seeds=seeds, seed=seed)
        write_json(out / "audit.json", told)
        return Result(told, by_name(out / "audit.json"))
    stacks = [Path(stack).resolve() for stack in (first.data.stack, *basins)]
    if twice := [str(stack) for stack in stacks if stacks.count(stack) > 1]:
        raise RecipeError(
            f"{twice[0]}: given twice; each of `basins` is another one than that of `config`"
        )
    settings = cut_settings(first)
    runs = _named([first, *(first.with_values(data={"stack": str(b)}) for b in basins)])
    each_seed = range(first.training.seed, first.training.seed + seeds)
    split: dict[tuple[str, str, int], RunConfig] = {}
    for name, run in runs.items():
        for kind in KINDS:
            for number in each_seed:
                own = run.with_values(training={"seed": number})
                drawn = replace(settings, seed=settings.seed + number - first.training.seed)
                table = out / name / f"{kind}-{number}" / "patches.gpkg"
                split[name, kind, number] = cut_again(own, drawn, kind, table)
    work: dict[tuple[str, str, int], Callable[[], np.ndarray]] = {
        (name, kind, n): partial(split_blocks, run, out / name / f"{kind}-{n}", block_px)
        for (name, kind, n), run in split.items()
    }
    if len(runs) > 1:
        work |= {
            (name, "left_out", n): partial(
                left_out_blocks,
                [split[other, "spatial", n] for other in runs if other != name],
                split[name, "spatial", n],
                out / name / f"left_out-{n}",
                block_px,
            )
            for name in runs
            for n in each_seed
        }
    scored = {key: work[key]() for key in progress(work, "audit", total=len(work), unit="run")}
    result: dict[str, Any] = {}
    for name in runs:
        blocks = {
            kind: [scored[name, kind, n] for n in each_seed]
            for kind in (*KINDS, "left_out")
            if (name, kind, each_seed[0]) in scored
        }
        found = {kind: seed_score(each, seed=seed) for kind, each in blocks.items()}
        found["gap"] = seed_gap(blocks["random"], blocks["spatial"], seed=seed)
        if "left_out" in blocks:
            found["transfer_gap"] = seed_gap(blocks["spatial"], blocks["left_out"], seed=seed)
        result[name] = {key: each.to_dict() for key, each in found.items()}
    told = {"basins": result, "seeds": seeds, "simulated": _simulated(runs)}
    write_json(out / "audit.json", told)
    return Result(told, by_name(out / "audit.json"))


def _named(runs: list[RunConfig]) -> dict[str, RunConfig]:
    """Runs by the name of their basin, numbered where two basins have the same."""
    from keras_landslide.rasters.read import stack_info

    named: dict[str, RunConfig] = {}
    for run in runs:
        stack = Path(run.data.stack)
        name = base = Path(stack_info(stack).tags.get("NAME") or stack.stem).name
        number = 2
        while name in named:
            name, number = f"{base}-{number}", number + 1
        named[name] = run
    return named


def cut_settings(run: RunConfig) -> PatchSettings:
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
            test_fold=int(tags["test_fold"]) if "fold" in tags["split_kind"] else None,
            seed=int(tags["seed"]),
            image_model=run.data.image_model,
            minimum_valid=float(tags["minimum_valid"]),
        )
    except (KeyError, ValueError) as error:
        raise InputFileError(
            f"{run.data.patches}: does not note how it was cut ({error}); make it with "
            "`keras-landslide patches`"
        ) from error


def _simulated(runs: dict[str, RunConfig]) -> bool:
    from keras_landslide.rasters.read import stack_info

    return any(stack_info(run.data.stack).simulated for run in runs.values())
