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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["patches", "s.tif", "--min-valid", "2"], "2.0 is not in the range 0<=x<=1"),
        (["patches", "s.tif", "--min-valid", "nan"], "not a finite number"),
        (["patches", "s.tif", "--folds", "5000"], "not in the range 1<=x<=100"),
        (
            ["evaluate", "--probability", "p.tif", "--stack", "s.tif", "--split", "val", "-o", "e"],
            "--split is one of --patches",
        ),
    ],
)
def test_what_an_option_cannot_be(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
