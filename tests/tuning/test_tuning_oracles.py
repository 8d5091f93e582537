"""The ways to walk a space: which trials there are, and that a kill does not change them."""

from collections import Counter
from dataclasses import replace

import pytest

from keras_landslide.tuning import oracles
from keras_landslide.tuning.job import Outcome
from keras_landslide.tuning.results import TrialRow
from keras_landslide.tuning.search import Resources, run_search
from keras_landslide.tuning.space import KINDS
from keras_landslide.tuning.spread import seed_spread, standings, verdict

from outcome import outcome  # isort: skip
from toy_search import SPACE, ToyTrainer  # isort: skip

ALONE = Resources(in_process=True)
GRID = {"filters": (1, 2, 3), "learning_rate": (0.1, 0.2, 0.3), "batch_size": (8, 16, 32)}


def space_of(kind, grid=GRID, **settings):
    settings = {"kind": kind, "epochs": 9, **settings}
    return replace(SPACE, settings=replace(SPACE.settings, **settings), grid=grid)


class FormulaTrainer(ToyTrainer):
    """The loss falls with every epoch towards a value that the parameters give; seeds scatter."""

    stop_after = None

    def build(self, config):
        return None

    def fit(self, model, config, run_folder, callbacks):
        if self.stop_after is not None and len(self.fitted) == self.stop_after:
            raise KeyboardInterrupt
        self.fitted.append(config)
        self.crash(config)
        t = config.training
        floor = config.model.options["filters"] * t.learning_rate * t.batch_size
        losses = [floor + 0.001 * (t.seed % 5) + 1 / (1 + epoch) for epoch in range(t.epochs)]
        return Outcome({"loss": losses, "val_loss": losses})


def run(space, folder, crash=lambda config: None):
    return run_search(space, folder, lambda: FormulaTrainer(crash), resources=ALONE).rows


def test_every_kind_has_its_oracle():
    assert tuple(oracles.ORACLES) == KINDS


@pytest.mark.parametrize("kind", ["random", "bayesian"])
def test_no_combination_is_tried_twice_and_a_small_space_is_exhausted(tmp_path, kind):
    rows = run(space_of(kind, grid=GRID | {"batch_size": (8,)}), tmp_path / "all")
    assert {tuple(row.values.values()) for row in rows} == {
        (f, rate, 8) for f in GRID["filters"] for rate in GRID["learning_rate"]
    }
    assert len(rows) == 9
    assert len(run(space_of(kind, max_trials=5), tmp_path / "five")) == 5


def test_the_bayesian_search_follows_what_it_has_seen(tmp_path):
    """After nine random trials the model goes on to better ones than most of those."""
    scores = [row.score for row in run(space_of("bayesian", max_trials=11), tmp_path)]
    assert min(scores[9:]) < sorted(scores[:9])[1]


@pytest.mark.parametrize("kind", KINDS)
def test_a_stop_at_any_trial_changes_nothing(tmp_path, kind):
    grid = GRID | {"learning_rate": (0.1, 0.2), "batch_size": (8, 16)}
    space = space_of(kind, grid=grid, max_trials=10, finalists=2, repeats=1)
    rows = run(space, tmp_path / "whole")
    for moment in (4, len(rows) - 1):
        folder = tmp_path / str(moment)
        trainer = FormulaTrainer()
        trainer.stop_after = moment
        with pytest.raises(KeyboardInterrupt):
            run_search(space, folder, lambda t=trainer: t, resources=ALONE)
        run(space, folder)
        assert outcome(folder) == outcome(tmp_path / "whole"), f"stopped at {moment}"


def test_halving_trains_the_better_third_three_times_longer(tmp_path):
    rows = run(space_of("halving"), tmp_path / "halving")
    assert Counter(row.epochs for row in rows) == {1: 27, 3: 9, 9: 3}
    full = run(space_of("grid"), tmp_path / "grid")
    first = {tuple(row.values.values()): row.score for row in rows[:27]}
    kept = {tuple(row.values.values()) for row in rows if row.epochs == 3}
    assert max(first[v] for v in kept) <= min(s for v, s in first.items() if v not in kept)
    # A trial that went on ends where it would have ended in the full grid.
    of_grid = {tuple(row.values.values()): (row.score, row.seed) for row in full}
    for row in rows:
        if row.epochs == 9:
            assert (row.score, row.seed) == of_grid[tuple(row.values.values())]
            assert row.origin.startswith("continues ")
    assert min(row.score for row in rows) == min(row.score for row in full)


def test_failures_do_not_end_the_rounds(tmp_path):
    """Keras Tuner's Hyperband waits for ever for as many winners as if none had failed."""

    def crash(config):
        if config.model.options["filters"] == 1 and config.training.learning_rate < 0.25:
            raise MemoryError

    for kind in ("halving", "hyperband"):
        rows = run(space_of(kind), tmp_path / kind, crash)
        assert any(row.status == "failed" for row in rows)
        assert max(row.epochs or 0 for row in rows) == 9


def test_hyperband_has_keras_tuners_brackets(tmp_path):
    rows = run(space_of("hyperband"), tmp_path)
    # Brackets of 9, 5 and 3 trials; 1, 3 and 9 epochs (Li et al. 2018 with R = 9, eta = 3).
    assert Counter(row.epochs for row in rows) == {1: 9, 3: 3 + 5, 9: 1 + 2 + 3}


def test_finalists_are_repeated_with_seeds_of_their_own(tmp_path):
    space = space_of("grid", finalists=2, repeats=3)
    rows = run(space, tmp_path)
    repeats = [row for row in rows if row.origin]
    assert len(rows) == 27 + 6
    ranked = sorted(rows[:27], key=lambda row: row.score)
    assert Counter(row.origin for row in repeats) == {
        f"repeats {row.trial}": 3 for row in ranked[:2]
    }
    assert len({row.seed for row in rows}) == len(rows)
    found = standings(rows, "min")
    assert [len(s.fresh) for s in found[:3]] == [3, 3, 0]
    # The score that was selected is no part of the mean that decides.
    fresh = [row.score for row in repeats if row.origin == f"repeats {found[0].row.trial}"]
    assert found[0].mean == pytest.approx(sum(fresh) / 3)
    assert found[0].selected == rows[found[0].row.trial].score
    # Pooled by hand from the two variances.
    pooled = ((found[0].sd ** 2 + found[1].sd ** 2) / 2) ** 0.5
    assert seed_spread(found) == pytest.approx(pooled)
    said = verdict(rows, "min", "val_loss")
    assert f"mean over 3 further seeds (it was selected with {found[0].selected:.4f}" in said
    head = (tmp_path / "best.toml").read_text()
    assert f"Mean over 3 further seeds: {found[0].mean:.6f}" in head


def test_one_repeat_tells_a_winner_and_no_spread():
    rows = [trial(0, 0.5), trial(1, 0.9), trial(2, 0.6, "repeats 0"), trial(3, 0.4, "repeats 1")]
    found = standings(rows, "max")
    assert [(s.row.trial, s.mean, s.sd) for s in found] == [(0, 0.6, None), (1, 0.4, None)]
    assert seed_spread(found) is None
    said = verdict(rows, "max", "val_f1")
    assert "0.6000, the mean over one further seed (it was selected with 0.5000" in said
    assert "not measured" in said


def trial(number, score, origin=""):
    return TrialRow(number, {"filters": 2}, "completed", score, 1, 1, 1.0, number, origin=origin)


def test_a_lucky_seed_is_not_crowned(tmp_path):
    """The trial with the best single score loses to the one with the better mean."""

    class Lucky(FormulaTrainer):
        def fit(self, model, config, run_folder, callbacks):
            super().fit(model, config, run_folder, callbacks)
            t = config.training
            scatter = 0.2 * (t.seed // 2 % 2)
            losses = [(0.5 if t.batch_size == 8 else 0.6) + scatter]
            if t.batch_size == 16 and t.seed == SPACE.settings.seed + 1:
                losses = [0.1]
            return Outcome({"loss": losses, "val_loss": losses})

    grid = {"filters": (1,), "learning_rate": (0.1,), "batch_size": (8, 16)}
    space = space_of("grid", grid=grid, finalists=2, repeats=4)
    result = run_search(space, tmp_path, Lucky, resources=ALONE)
    assert min(result.rows, key=lambda row: row.score).values["batch_size"] == 16
    assert result.best.values["batch_size"] == 8
    assert "not told apart" in verdict(result.rows, "min", "val_loss")
