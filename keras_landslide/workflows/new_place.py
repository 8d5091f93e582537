"""A new place, and the remedies for a network in it: each becomes a run folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_landslide.config import RunConfig
from keras_landslide.errors import SplitError
from keras_landslide.files import file_sha256, fingerprint

if TYPE_CHECKING:
    import keras
    import numpy as np

    from keras_landslide.evaluation.answers import Predict
    from keras_landslide.evaluation.patch_scores import PatchScores
    from keras_landslide.patches.cache import PatchCache


@dataclass(frozen=True)
class Remedy:
    """A way to adapt: `before` and `normalisation` take no patch, `fine-tuning` some."""

    name: str
    patches: int = 0
    draw: int = 0

    @property
    def folder(self) -> str:
        """Name of its run folder."""
        return f"{self.name}-{self.patches}-{self.draw}" if self.patches else self.name


@dataclass
class NewPlace:
    """The new place, and the run that is to be adapted to it.

    Attributes:
        cache: patches of the new place.
        config: of the run.
        source: folder of the run.
        table: patch table, for messages.
        state: what the patches were cut from, JSON-like.
        statistics: gives mean and deviation of the bands in the new place.
        seed: of drawn patches.
        steps: gradient steps of fine-tuning.
        learning_rate: of fine-tuning.
        scorer: the network that answers, see `_predict`.
    """

    cache: PatchCache
    config: RunConfig
    source: Path
    table: Path
    state: Any
    statistics: Callable[[], tuple[np.ndarray, np.ndarray]]
    seed: int
    steps: int
    learning_rate: float
    scorer: keras.Model | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """What the adapted runs depend on, apart from the data."""
        return {"seed": self.seed, "steps": self.steps, "learning_rate": self.learning_rate}

    def check(self, most: int) -> None:
        """Refuse a table that has too few patches.

        Raises:
            SplitError: see `adapt`.
        """
        if not len(self.cache.indices("test")):
            raise SplitError(f"{self.table}: has no test patch to score on")
        pool = len(self._pool())
        if pool < most:
            raise SplitError(
                f"{self.table}: {most} labelled patches are wanted, its train split has {pool} "
                "with landslides; make more patches or give a smaller `labelled`"
            )

    def run(self, remedy: Remedy, home: Path) -> PatchScores:
        """Adapt, or take what an earlier call has kept; score on the test patches."""
        from keras_landslide.bundle.run_files import RunMetrics
        from keras_landslide.evaluation.patch_scores import score_patches
        from keras_landslide.records import remembered

        kept = home / "metrics.json"
        note = self._identity()
        if kept.exists():
            # A damaged one is made again.
            old = remembered(RunMetrics, kept)
            if old is not None and old.extra.get("adapted") == note:
                model, threshold = self._model(home), old.threshold
                test = self.cache.indices("test")
                return score_patches(self._predict(model), self.cache, test, threshold)
        model, choice = self._adapted(remedy)
        test, threshold = self.cache.indices("test"), choice["threshold"]
        scores = score_patches(self._predict(model), self.cache, test, threshold)
        self._keep(home, model, {**choice, "adapted": note, "remedy": remedy.name}, scores)
        return scores

    def _adapted(self, remedy: Remedy) -> tuple[keras.Model, dict[str, Any]]:
        """The adapted network, its `threshold` and `threshold_rule`, and `without` a sensor."""
        from keras_landslide.bundle.run_files import read_run_metrics
        from keras_landslide.samples.batches import PatchBatches
        from keras_landslide.training.band_dropout import BandDropout
        from keras_landslide.training.batches import BatchSource
        from keras_landslide.training.fine_tuning import fine_tune

        _, source = read_run_metrics(self.source)
        model = self._model(self.source)
        if remedy.name == "normalisation":
            from keras_landslide.models.committee import normalisations

            mean, std = self.statistics()
            for layer in normalisations(model):
                layer.set_statistics(mean, std)
        if not remedy.patches:
            # Validation of the run chose them; its scores there are not of this place.
            cases = source.get("without", {}).items()
            kept = {name: source[name] for name in ("threshold", "threshold_rule")}
            without = {name: {"threshold": case["threshold"]} for name, case in cases}
            return model, kept | ({"without": without} if without else {})
        chosen = self._draw(remedy)
        size = min(self.config.training.batch_size, len(chosen))
        seed = self.seed + remedy.draw
        batches: BatchSource = PatchBatches(
            self.cache, chosen, batch_size=size, augment=True, seed=seed
        )
        if rate := self.config.training.band_dropout:
            batches = BandDropout(batches, self.config.band_names, rate, seed)
        fine_tune(model, batches, self.config.training, steps=self.steps,
                  learning_rate=self.learning_rate)  # fmt: skip
        return model, self._chosen(model, chosen)

    def _predict(self, model: keras.Model) -> Predict:
        """The network's answers."""
        from keras_landslide.evaluation.answers import as_predict

        scorer = self._scorer(model)
        return as_predict(scorer)

    def _scorer(self, model: keras.Model) -> keras.Model:
        """One network that is traced once for all remedies, with the weights of `model`."""
        if self.scorer is None:
            self.scorer = self._model(self.source)
        self.scorer.set_weights(model.get_weights())
        return self.scorer

    def _chosen(self, model: keras.Model, chosen: np.ndarray) -> dict[str, Any]:
        """The thresholds of a fine-tuned network, from its labelled patches alone."""
        from keras_landslide.samples.batches import PatchBatches
        from keras_landslide.training.histograms import histogram, without_sensors
        from keras_landslide.training.threshold import best_f1

        scorer = self._scorer(model)
        labelled, test = (
            PatchBatches(self.cache, indices, batch_size=1, shuffle=False)
            for indices in (chosen, self.cache.indices("test"))
        )
        threshold = best_f1(histogram(scorer, labelled)).value
        found: dict[str, Any] = {
            "threshold": threshold,
            "threshold_rule": "best F1 on the labelled patches",
        }
        if self.config.training.band_dropout:
            names = self.config.band_names
            found["without"] = without_sensors(scorer, labelled, {"test": test}, names)
        return found

    def _pool(self) -> np.ndarray:
        """Train patches with landslides: whoever labels a few looks for those."""
        train = self.cache.indices("train")
        return train[self.cache.positive(train)]

    def _draw(self, remedy: Remedy) -> np.ndarray:
        import numpy as np

        order = np.random.default_rng([self.seed, remedy.draw]).permutation(self._pool())
        return order[: remedy.patches]

    def _identity(self) -> str:
        """A digest of all that an adapted run depends on, but the remedy."""
        patches = [(*patch.window, patch.split, patch.block) for patch in self.cache.patches]
        weights = file_sha256(self.source / "model.keras")
        dropout = self.config.training.band_dropout
        return fingerprint([self.settings, self.state, patches, weights, dropout])

    def _model(self, home: Path) -> keras.Model:
        from keras_landslide.bundle.export import any_size_model

        return any_size_model(home, self.config, len(self.cache.band_names))

    def _keep(
        self, home: Path, model: keras.Model, notes: dict[str, Any], scores: PatchScores
    ) -> None:
        """Write a run folder that `export` takes; `metrics.json` comes last."""
        from keras_landslide.bundle.run_files import read_run_data, read_run_metrics
        from keras_landslide.counts import Scores
        from keras_landslide.files import replacing, write_json
        from keras_landslide.patches.statistics import band_ranges

        _, source = read_run_metrics(self.source)
        _, data = read_run_data(self.source)
        if notes["remedy"] == "normalisation":
            data["band_ranges"] = band_ranges(self.cache, range(len(self.cache.patches)))
        (home / "metrics.json").unlink(missing_ok=True)
        self.config.save(home / "config.toml")
        write_json(home / "data.json", data)
        with replacing(home / "model.keras") as part:
            model.save(part)
        test = Scores(*(int(n) for n in scores.blocks.sum(axis=0))).to_dict()
        write_json(home / "metrics.json", {**notes, "backend": source["backend"], "test": test})
