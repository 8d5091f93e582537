from pathlib import Path

import pytest

from keras_landslide.errors import InputFileError, RecipeError, UnknownNameError
from keras_landslide.tuning.space_file import load_space

SPACES = Path(__file__).parents[2] / "tuning" / "spaces"
DATA = {"base.data.stack": "/d/stack.tif", "base.data.patches": "/d/patches.gpkg"}

TOML = """
[search]
seed = 5
epochs = 3
[base.data]
stack = "stack.tif"
patches = "../patches.gpkg"
[base.training]
epochs = 40
[grid]
filters = [2, 4]
training.batch_size = [8, 16, 32]
"""


def space_of(tmp_path, text, **overrides):
    path = tmp_path / "space.toml"
    path.write_text(text)
    return load_space(path, overrides)


def test_colombia_is_table_1_of_the_study():
    space = load_space(SPACES / "colombia.toml", DATA)
    assert len(space.combinations) == 54
    assert space.combinations[0] == {"filters": 16, "learning_rate": 5e-4, "batch_size": 16}
    assert space.combinations[1] == {"filters": 16, "learning_rate": 5e-4, "batch_size": 32}
    assert space.combinations[53] == {"filters": 64, "learning_rate": 1e-5, "batch_size": 64}
    assert set(space.grid["learning_rate"]) == {5e-4, 1e-3, 5e-5, 1e-4, 5e-6, 1e-5}
    config = space.trial_config(space.combinations[53], space.seed(53))
    assert config.model.options == {"filters": 64}
    assert (config.training.learning_rate, config.training.batch_size) == (1e-5, 64)
    assert (config.training.epochs, config.training.loss) == (150, "dice")


def test_quick_has_four_trials_of_two_epochs():
    space = load_space(SPACES / "quick.toml", DATA)
    assert (len(space.combinations), space.settings.epochs) == (4, 2)


def test_trials_take_the_searchs_epochs_and_the_best_the_templates(tmp_path):
    space = space_of(tmp_path, TOML)
    values = space.combinations[5]
    assert values == {"filters": 4, "training.batch_size": 32}
    trial = space.trial_config(values, space.seed(5))
    best = space.best_config(values, space.seed(5))
    assert (trial.training.seed, trial.training.epochs, trial.training.patience) == (10, 3, 20)
    assert (best.training.seed, best.training.epochs) == (10, 40)
    assert best.training.batch_size == trial.training.batch_size == 32
    assert trial.model.options["filters"] == 4
    # A second execution never shares a seed with any trial's first.
    assert {space.seed(i) for i in range(6)}.isdisjoint(space.seed(i, 1) for i in range(6))


def test_paths_count_from_the_files_folder(tmp_path):
    base = space_of(tmp_path, TOML).base
    assert Path(base.data.stack) == tmp_path / "stack.tif"
    assert Path(base.data.patches).resolve() == (tmp_path / "../patches.gpkg").resolve()


def test_overrides_replace_entries_and_none_leaves_them(tmp_path):
    overrides = {"search.epochs": 9, "base.data.image_model": "rgb", "search.max_patches": None}
    space = space_of(tmp_path, TOML, **overrides)
    assert space.settings.epochs == 9
    assert space.base.data.image_model == "rgb"
    assert space.settings.max_patches == 0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("filters = [2, 4]", "filtrs = [2, 4]", ["'filtrs'", "learning_rate", "batch_size"]),
        ("filters = [2, 4]", "filters = 2", ["filters = 2", "list"]),
        ("filters = [2, 4]", "filters = []", ["at least one"]),
        ("filters = [2, 4]", "filters = [2, 2]", ["twice"]),
        ("filters = [2, 4]", 'filters = [2, "4"]', ["mixes types"]),
        ("filters = [2, 4]", "filters = [[2], [4]]", ["should be a number"]),
        ("filters = [2, 4]", "epochs = [2, 4]", ["'epochs'"]),
        ("filters = [2, 4]", "batch_size = [2, 4]", ["twice"]),
        ("filters = [2, 4]", "learning_rate = [inf]", ["learning_rate", "finite"]),
        ("filters = [2, 4]", "learning_rate = [0.0]", ["learning_rate", "greater than 0"]),
        ("[8, 16, 32]", '["8"]', ["batch_size", "type int"]),
        ("[8, 16, 32]", "[0]", ["batch_size", "greater than 0"]),
        ("seed = 5", 'kind = "rando"', ["'rando'", "grid", "hyperband"]),
        ("seed = 5", "factor = 1", ["factor", "from 2 to 100"]),
        ("seed = 5", "finalists = 3", ["finalists", "repeats"]),
        ("seed = 5", 'objective = "val_auc"', ["'val_auc' is not measured", "val_best_f1"]),
        ("seed = 5", 'objective = "f1"', ["objective", "val_f1"]),
        ("seed = 5", "sed = 5", ["'sed'", "seed"]),
        ("epochs = 40", 'monitor = "val_loss"', ["monitor", "'val_loss'", "val_f1"]),
        ("epochs = 40", 'monitor = "loss"', ["training.monitor", "val_recall"]),
        ("epochs = 40", 'precision = "float16"', ["training.precision", "mixed_float16"]),
        ("seed = 5", "seed = -5", ["seed", "from 0 to 4,294,967,295"]),
        ("epochs = 3", "epochs = 0", ["epochs", "from 1 to 1,000,000"]),
        ("epochs = 3", 'epochs = "3"', ["epochs", "type int"]),
        ('stack = "stack.tif"', "", ["stack", "`stack`"]),
        ("[base.training]", "[bases.training]", ["'bases'", "base"]),
        ("[base.training]", "[base.trainin]", ["'trainin'", "training"]),
    ],
)
def test_a_wrong_space_is_refused_in_one_clear_line(tmp_path, old, new, words):
    assert old in TOML
    with pytest.raises(RecipeError) as caught:
        space_of(tmp_path, TOML.replace(old, new))
    message = str(caught.value)
    assert "space.toml" in message
    assert "\n" not in message
    for word in words:
        assert word in message


@pytest.mark.parametrize("objective", ["val_loss", "val_recall"])
def test_a_run_keeps_what_the_objective_ranks(tmp_path, objective):
    space = space_of(tmp_path, TOML, **{"search.objective": objective})
    values = space.combinations[0]
    assert space.trial_config(values, 0).training.monitor == objective
    assert space.best_config(values, 0).training.monitor == objective


def test_rounds_of_more_epochs_need_a_rate_that_does_not_follow_them(tmp_path):
    text = TOML.replace("epochs = 40", "cosine = true")
    assert space_of(tmp_path, text).base.training.cosine
    with pytest.raises(RecipeError, match=r"cosine follows the number of epochs.*halving"):
        space_of(tmp_path, text, **{"search.kind": "halving"})


def test_precision_may_vary(tmp_path):
    text = TOML + 'precision = ["float32", "mixed_bfloat16"]\njit_compile = [false, true]\n'
    space = space_of(tmp_path, text)
    training = space.trial_config(space.combinations[3], 0).training
    assert (training.precision, training.jit_compile) == ("mixed_bfloat16", True)


def test_an_empty_grid_is_refused(tmp_path):
    with pytest.raises(RecipeError, match=r"\[grid\] is empty"):
        space_of(tmp_path, TOML.split("[grid]")[0])


def test_an_unknown_image_model_lists_the_choices(tmp_path):
    with pytest.raises(UnknownNameError, match="rgb_terrain_sar"):
        space_of(tmp_path, TOML + 'image_model = ["rgb", "rgbx"]')


def test_a_missing_space_is_an_input_error(tmp_path):
    with pytest.raises(InputFileError, match=r"nowhere\.toml"):
        load_space(tmp_path / "nowhere.toml")


def test_an_override_of_no_table_is_refused():
    with pytest.raises(RecipeError, match="unknown key 'repeats'"):
        load_space(SPACES / "quick.toml", {**DATA, "repeats": 0})
