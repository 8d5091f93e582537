"""What README shows in Python runs as it stands there."""

import re
from pathlib import Path

import rasterio

import keras_landslide as kl

README = Path(__file__).parents[1] / "README.md"
RUN = """
[data]
stack = "argelia.tif"
patches = "patches.gpkg"
image_model = "rgb_terrain"
[model]
options = { filters = 2, levels = 1 }
[training]
epochs = 1
"""


def test_the_python_example(tmp_path, monkeypatch, capsys):
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert len([line for line in code.splitlines() if line.strip()]) <= 8
    monkeypatch.chdir(tmp_path)
    kl.simulate("basins", size=256)
    Path("run.toml").write_text(RUN)
    scope = {}
    exec(compile(code, str(README), "exec"), scope)
    found = scope["found"]
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith(f"{found.landslides} landslides, ") and "map/inventory.gpkg" in last
    with (
        rasterio.open(found.paths["probability"]) as mapped,
        rasterio.open("liboriana.tif") as stack,
    ):
        assert mapped.shape == stack.shape and mapped.transform == stack.transform
