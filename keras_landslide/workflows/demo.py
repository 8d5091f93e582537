"""`demo`: the whole way on two simulated basins, by the commands one would type."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from keras_landslide.workflows.demo_report import IMAGE_MODELS, NEW, TRAINED, DemoReport, report

MINIMUM_AREA_M2 = 1000
"""Six pixels of 12.5 m: less than that is noise rather than a landslide."""
_HALF_MINUTE_S = 30
Command = tuple[Any, ...]
"""A verb and its arguments."""


@dataclass(frozen=True)
class Step:
    """A part of the demo.

    Attributes:
        name: short.
        purpose: what it does.
        seconds: about how long it takes on two quick cores.
        commands: what it runs, each made when the one before has ended.
        done: the file that it writes last; the step is left out where that is there.
    """

    name: str
    purpose: str
    seconds: float
    commands: Callable[[], Iterator[Command]]
    done: Path | None = None


@dataclass(frozen=True)
class Demo:
    """A demo in a folder; all are options of `demo`."""

    folder: Path
    size: int
    patch: int
    epochs: int
    seed: int

    def stack(self, basin: str) -> Path:
        """The stack of a basin."""
        return self.folder / basin / "stack.tif"

    @property
    def patches(self) -> Path:
        """The patches of the basin with known landslides."""
        return self.folder / TRAINED / "patches.gpkg"

    def steps(self) -> list[Step]:
        """All that is to do, in order."""
        area = (self.size / 1024) ** 2
        new = self.folder / NEW
        models = [
            Step(
                name,
                f"train, map {NEW}, map {TRAINED}, score both",
                15 + (8 * self.epochs + 20) * area,
                partial(self._image_model, name),
                self.folder
                / name
                / TRAINED
                / "metrics.json",  # `evaluate` writes its files together
            )
            for name in IMAGE_MODELS
        ]
        return [
            Step(
                "simulate",
                f"{TRAINED}, where the landslides are known, and {NEW}, where they are to be found",
                12 * area,
                self._simulate,
                new / "recipe.toml",
            ),
            Step(
                "stack", "the rasters of each on one grid", 7 * area, self._stack, new / "stack.tif"
            ),
            Step("patches", "training, validation and test", 2 * area, self._cut, self.patches),
            Step(
                "tune",
                "a small search for the learning rate",
                15 + 15 * area,
                self._search,
                self.folder / "search" / "trials.png",  # the last file that a search writes
            ),
            *models,
        ]

    def _simulate(self) -> Iterator[Command]:
        yield ("simulate", self.folder, "--size", self.size, "--seed", self.seed)

    def _stack(self) -> Iterator[Command]:
        for basin in (TRAINED, NEW):
            if not self.stack(basin).exists():
                yield ("stack", self.folder / basin / "recipe.toml", "-o", self.stack(basin))

    def _cut(self) -> Iterator[Command]:
        stack, size = self.stack(TRAINED), ("--size", self.patch)
        yield ("patches", stack, "-o", self.patches, *size, "--seed", self.seed)

    def _search(self) -> Iterator[Command]:
        """Two trials at the same time, since much of a short one runs on a single core.

        The networks have batch normalisation: without it some never learn at such rates.
        """
        import tomli_w

        from keras_landslide.files import write_text

        space = {
            "search": {
                "name": "demo",
                "objective": "val_best_f1",
                "seed": self.seed,
                "epochs": 2,
                "max_patches": 192,
            },
            "base": {
                "data": {
                    "stack": str(self.stack(TRAINED).resolve()),
                    "patches": str(self.patches.resolve()),
                    "image_model": IMAGE_MODELS[-1],
                },
                "model": {"options": {"filters": 8, "normalisation": "batch"}},
                "training": {"loss": "bce_dice", "batch_size": 8, "cosine": True},
            },
            "grid": {"learning_rate": [2e-3, 4e-3]},
        }
        write_text(self.folder / "search.toml", tomli_w.dumps(space))
        yield ("tune", self.folder / "search.toml", "-o", self.folder / "search", "--workers", 2)

    def _image_model(self, image_model: str) -> Iterator[Command]:
        """Train with the values that the search found best; the new basin is mapped first."""
        from keras_landslide.config import load_run_config

        home = self.folder / image_model
        if not (home / "run.toml").exists():
            best = load_run_config(self.folder / "search" / "best.toml")
            best.with_values(
                data={"image_model": image_model},
                training={"epochs": self.epochs, "patience": self.epochs},
            ).save(home / "run.toml")
        yield ("train", home / "run.toml", "-o", home / "run")
        if not (home / "bundle" / "bundle.json").exists():
            yield ("export", home / "run", "-o", home / "bundle")
        least = ("--minimum-area", MINIMUM_AREA_M2)
        for basin in (NEW, TRAINED):
            stack, out = self.stack(basin), home / basin
            yield ("predict", home / "bundle", stack, "-o", out, *least)
            if basin == TRAINED:
                truth: Command = ("--patches", self.patches, "--split", "test")
            else:
                mapped, survey = (
                    stack.with_name(name) for name in ("inventory.gpkg", "surveyed.gpkg")
                )
                truth = ("--inventory", mapped, "--surveyed", survey)
            maps = ("--probability", out / "probability.tif", "--stack", stack)
            # Every model on the pixels that the one of most bands can see, or the table would
            # compare scores of different pixels.
            common = ("--image-model", IMAGE_MODELS[-1])
            yield ("evaluate", *maps, *truth, *least, *common, "-o", out)


def demo(
    folder: str | Path,
    run: Callable[[Sequence[str]], None],
    say: Callable[[str], None] = print,
    *,
    size: int = 1024,
    patch: int = 64,
    epochs: int = 8,
    seed: int = 0,
) -> DemoReport:
    """Train in one simulated basin, map the landslides of another, score both; all in `folder`.

    Stopped, it goes on where it was when it is called again.

    Args:
        folder: where everything goes.
        run: runs a command line, given as its words.
        say: shows a line on what comes and how long it takes.
        size: edge of a basin, pixels of 12.5 m.
        patch: edge of a patch, pixels.
        epochs: of each image model.
        seed: of everything.

    Returns:
        The main files by name, and the closing text.

    Raises:
        RecipeError: `folder` holds a demo with other options.
        LandslideError: `folder` cannot be written, or a command failed.
    """
    start, folder = time.monotonic(), Path(folder)
    _claim(folder, {"size": size, "patch": patch, "epochs": epochs, "seed": seed})
    whole = Demo(folder, size, patch, epochs, seed)
    steps = [each for each in whole.steps() if each.done is None or not each.done.exists()]
    say(outlook(steps))
    clock = Clock(sum(step.seconds for step in steps))
    first_map = folder / IMAGE_MODELS[0] / NEW / "probability.tif"
    for number, step in enumerate(steps, start=1):
        for words in step.commands():
            unseen = not first_map.exists()
            run([str(word) for word in words])
            if unseen and first_map.exists():
                say(f"\nThe first map of {NEW} is there: {first_map}")
        rest = clock.line(step.seconds, time.monotonic() - start)
        say(f"\n[{number} of {len(steps)}] {step.name} is done. {rest}")
    return report(folder, time.monotonic() - start)


def outlook(steps: Sequence[Step]) -> str:
    """What will come, and about how long each step takes on two quick cores."""
    if not steps:
        return "All steps are done; maps and tables are drawn anew."
    width = max(len(step.name) for step in steps)
    lines = [
        f"  {number}. {step.name:{width}}  {step.seconds / 60:4.1f} min  {step.purpose}"
        for number, step in enumerate(steps, start=1)
    ]
    total = sum(step.seconds for step in steps) / 60
    head = (
        f"{len(steps)} steps, about {total:.0f} minutes on 2 quick cores, "
        f"up to {3 * total:.0f} on slow ones:"
    )
    return "\n".join([head, *lines])


class Clock:
    """How long the rest will take, by how long the steps so far took against what was expected.

    Args:
        expected: how long all steps take on two quick cores, seconds.
    """

    def __init__(self, expected: float):
        self.left, self.past = expected, 0.0

    def line(self, expected: float, elapsed: float) -> str:
        """What to say after a step.

        Args:
            expected: how long the step takes on two quick cores, seconds.
            elapsed: since the first step began, seconds.
        """
        self.left -= expected
        self.past += expected
        # The first steps are short, so they say little of this machine.
        pace = (elapsed + _HALF_MINUTE_S) / (self.past + _HALF_MINUTE_S)
        return f"{elapsed / 60:.1f} min so far, about {self.left * pace / 60:.1f} min to go"


def _claim(folder: Path, options: dict[str, int]) -> None:
    """Keep the options in the folder, so that a second demo does not mix with the first."""
    from keras_landslide.errors import RecipeError
    from keras_landslide.files import write_json
    from keras_landslide.records import load_json

    kept = folder / "demo.json"
    if not kept.exists():
        write_json(kept, options)
    elif load_json(kept, remedy="remove the folder of the demo and run it again") != options:
        raise RecipeError(
            f"{folder} holds a demo with other options; choose another folder or remove this one"
        )
