from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
from affine import Affine

from keras_landslide.errors import OutputError
from keras_landslide.grid import Grid
from keras_landslide.inventory.formats import FORMATS
from keras_landslide.inventory.polygonize import LANDSLIDES, polygonize
from keras_landslide.inventory.read import read_grouped, read_polygons
from keras_landslide.rasters.write import write_raster
from keras_landslide.report.size_figures import frequency_area

UTM = Grid("EPSG:32618", Affine(12.5, 0, 400000, 0, -12.5, 700000), (40, 50))
DOCS = Path(__file__).parents[2] / "docs" / "inference.md"


@pytest.fixture(scope="module")
def probability(tmp_path_factory):
    path = tmp_path_factory.mktemp("formats") / "p.tif"
    values = np.random.default_rng(3).random(UTM.shape).astype(np.float32)
    return write_raster(path, values, UTM, names=["probability"])


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_holds_the_same_landslides(name, probability, tmp_path):
    polygonize(probability, 0.7, tmp_path / "wanted.gpkg")
    path = tmp_path / f"i{FORMATS[name].suffix}"
    count = polygonize(probability, 0.7, path)
    wanted = geopandas.read_file(tmp_path / "wanted.gpkg", layer="landslides").set_index("id")
    table = geopandas.read_file(path).set_index("id").sort_index()
    assert count == len(table) == len(wanted) > 20
    for field in LANDSLIDES.fields:
        if field != "id":
            expected = wanted[field].astype(float).to_numpy()
            np.testing.assert_allclose(table[field].astype(float), expected, err_msg=field)
    back = table.to_crs(UTM.crs).geometry
    # RFC 7946 keeps seven decimals of a degree, a centimetre.
    assert shapely.hausdorff_distance(back.array, wanted.geometry.array).max() < 0.02
    polygons, areas = read_grouped(path, "area_m2", crs=UTM.crs)
    np.testing.assert_allclose(shapely.area(polygons), np.float64(areas), rtol=1e-2)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_the_same_bytes_each_time_and_may_be_empty(name, probability, tmp_path):
    first, second = (tmp_path / f"{i}{FORMATS[name].suffix}" for i in "ab")
    for path in (first, second):
        polygonize(probability, 0.7, path)
    assert first.read_bytes() == second.read_bytes()
    assert polygonize(probability, 1.0, first) == 0
    assert read_polygons(first).size == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == [first.name, second.name]
    for path in (first, second):
        assert frequency_area(path, tmp_path / "sizes.png").is_file()


def test_a_suffix_of_no_format_is_named(probability, tmp_path):
    with pytest.raises(OutputError, match=r"i\.doc: is no vector format .* one of: \.gpkg"):
        polygonize(probability, 0.7, tmp_path / "i.doc")


def test_every_format_is_in_the_docs():
    for name, each in FORMATS.items():
        assert f"| `{name}` | `{each.suffix}` |" in DOCS.read_text(encoding="utf-8")
