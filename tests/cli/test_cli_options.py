import pytest

from keras_landslide.cli.main import main


@pytest.mark.parametrize("option", ["--threshold", "--minimum-area"])
@pytest.mark.parametrize("value", ["nan", "inf", "-1", "x"])
def test_numbers_that_are_none_are_refused_before_any_work(option, value, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["predict", "bundle", "stack.tif", "-o", str(tmp_path / "map"), option, value])
    assert stop.value.code == 2
    err = capsys.readouterr().err.strip()
    assert err.startswith("error: ")
    assert option in err
    assert "\n" not in err
    assert not list(tmp_path.iterdir())
