import pytest

from keras_landslide.bands import IMAGE_MODELS, image_model_bands, require_bands
from keras_landslide.config import RunConfig, load_run_config
from keras_landslide.errors import BandError, InputFileError, RecipeError, UnknownNameError


def test_round_trip(tmp_path):
    config = RunConfig().with_values(training={"epochs": 3}, model={"options": {"filters": 8}})
    config.save(tmp_path / "config.toml")
    again = load_run_config(tmp_path / "config.toml")
    assert again.training == config.training
    assert again.model == config.model
    assert again.data.stack == str(tmp_path / "stack.tif")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[training]\nepoch = 3", "unknown key 'epoch'; choose from: loss"),
        ("[trainin]\nepochs = 3", "unknown key 'trainin'"),
        ("[training]\nepochs = '3'", "should be of type int"),
        ("[training]\nepochs = true", "should be of type int"),
        ("[training]\nbatch_size = 0", "greater than 0"),
        ("[training]\nlearning_rate = nan", "greater than 0"),
        ("[training]\nlearning_rate = inf", "finite"),
        ("[training]\nseed = -1", "seed = -1 should be from 0"),
        ("training = 3", "expected a table"),
        ("[training", "not valid TOML"),
    ],
)
def test_wrong_entries_get_one_clear_line(tmp_path, text, message):
    path = tmp_path / "c.toml"
    path.write_text(text)
    with pytest.raises(RecipeError, match=message) as caught:
        load_run_config(path)
    assert str(path) in str(caught.value)


def test_an_integer_learning_rate_is_taken(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text("[training]\nlearning_rate = 1")
    assert load_run_config(path).training.learning_rate == 1.0


def test_missing_file(tmp_path):
    with pytest.raises(InputFileError, match="cannot be read"):
        load_run_config(tmp_path / "none.toml")


def test_image_models():
    assert [len(image_model_bands(n)) for n in ("rgb", "rgb_terrain", "rgb_terrain_sar")] == [
        3,
        5,
        7,
    ]
    assert image_model_bands("slope, curvature") == ("slope", "curvature")
    with pytest.raises(UnknownNameError, match="choose one of: " + ", ".join(IMAGE_MODELS)):
        image_model_bands("rgbx")
    # A recipe may derive bands of its own: the stack tells whether it has them.
    assert image_model_bands("red, ndvi_change") == ("red", "ndvi_change")
    assert image_model_bands("nir_post") == ("nir_post",)
    for wrong in ("red,label", "red,green,red", "red,../x", "red,"):
        with pytest.raises(UnknownNameError):
            image_model_bands(wrong)


def test_require_bands_names_what_is_missing():
    with pytest.raises(BandError, match="no band vv_pre, vv_post; it has red, green"):
        require_bands(("red", "vv_pre", "vv_post"), ("red", "green"), "stack.tif")


def test_an_unknown_image_model_names_its_file(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text('[data]\nimage_model = "rgbx"\n')
    with pytest.raises(UnknownNameError, match=r"run.toml: \[data\] unknown image model 'rgbx'"):
        load_run_config(path)


def test_a_byte_order_mark_is_read_over(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text("[training]\nepochs = 3\n", encoding="utf-8-sig")
    assert load_run_config(path).training.epochs == 3


@pytest.mark.parametrize(
    ("key", "value"),
    [("epochs", "100000000000"), ("learning_rate", "1e30"), ("batch_size", "100000000")],
)
def test_numbers_that_no_run_could_mean(key, value, tmp_path):
    path = tmp_path / "run.toml"
    path.write_text(f"[training]\n{key} = {value}\n")
    with pytest.raises(RecipeError, match=f"training.{key} = .* should be finite, greater"):
        load_run_config(path)
