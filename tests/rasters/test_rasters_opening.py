"""A file is what its name says, and no key to other files."""

import shutil
import warnings
import zipfile

import h5py
import numpy as np
import pytest
from affine import Affine
from osgeo import gdal

from keras_landslide.datasets.reading import read_image
from keras_landslide.errors import InputFileError, RecipeError
from keras_landslide.grid import Grid
from keras_landslide.inventory.read import read_polygons
from keras_landslide.rasters.read import BandReader, read_bands, stack_info
from keras_landslide.rasters.vector import open_vector
from keras_landslide.rasters.warp import warp
from keras_landslide.rasters.write import write_raster
from keras_landslide.recipe import load_recipe
from keras_landslide.stacking.build import build_stack

gdal.UseExceptions()
GRID = Grid("EPSG:32618", Affine(10, 0, 400000, 0, -10, 700000), (16, 16))
OTHER = Grid("EPSG:32618", Affine(20, 0, 400000, 0, -20, 700000), (8, 8))
PIXELS = np.arange(256, dtype=np.float32).reshape(16, 16, 1) / 256
VRT = """<VRTDataset rasterXSize="16" rasterYSize="16"><SRS>EPSG:32618</SRS>
<GeoTransform>400000, 10, 0, 700000, 0, -10</GeoTransform>
<VRTRasterBand dataType="Float32" band="1"><SimpleSource>
<SourceFilename relativeToVRT="{}">{}</SourceFilename><SourceBand>1</SourceBand>
</SimpleSource>{}</VRTRasterBand></VRTDataset>"""
RECIPE = '{}\n[[raster]]\npath = "scene/mosaic.vrt"\nbands = {{ red = 1 }}\n'
WMS = """<GDAL_WMS><Service name="TMS"><ServerUrl>http://127.0.0.1:9/${z}/${x}/${y}.png</ServerUrl>
</Service><DataWindow><UpperLeftX>0</UpperLeftX><UpperLeftY>0</UpperLeftY><LowerRightX>10</LowerRightX>
<LowerRightY>10</LowerRightY><SizeX>16</SizeX><SizeY>16</SizeY></DataWindow></GDAL_WMS>"""
OGR_VRT = """<OGRVRTDataSource><OGRVRTLayer name="secret">
<SrcDataSource relativeToVRT="0">{}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"""
READERS = {
    "describe": stack_info,
    "read": BandReader,
    "warp": lambda path: warp(path, path.with_name("out.tif"), OTHER, resampling="nearest"),
    "chip": read_image,
}


@pytest.fixture
def secret(tmp_path):
    """A raster that lies beside, and not in, the folder of the files that are given."""
    (tmp_path / "scene").mkdir()
    return write_raster(tmp_path / "secret" / "secret.tif", PIXELS, GRID)


@pytest.fixture(autouse=True)
def folder(tmp_path):
    (tmp_path / "secret").mkdir()


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", ["image.tif", "image.jpg", "image.png"])
def test_a_virtual_raster_under_another_name_is_refused(tmp_path, secret, reader, name):
    path = tmp_path / "scene" / name
    path.write_text(VRT.format(0, secret, "") + "\n<!-- IEND \xff\xd9 -->")
    with pytest.raises(InputFileError) as told:
        READERS[reader](path)
    if name == "image.tif" or reader != "chip":  # a picture's end is looked at first
        assert "is a virtual file (VRT) under another name" in str(told.value)
    assert "\n" not in str(told.value)


def test_a_jpeg_2000_that_is_a_virtual_raster_is_refused(tmp_path, secret):
    path = tmp_path / "scene" / "T18NXK_B04.jp2"
    path.write_text(VRT.format(0, secret, ""))
    with pytest.raises(InputFileError, match="virtual file"):
        stack_info(path)


@pytest.mark.parametrize("name", ["image.tif", "service.xml", "service.wms"])
def test_a_text_that_names_a_server_is_refused(tmp_path, name):
    path = tmp_path / name
    path.write_text(WMS)
    with pytest.raises(InputFileError, match="GDAL's format WMS, which is not read here"):
        stack_info(path)


@pytest.mark.parametrize("reader", ["describe", "read", "warp"])
def test_a_virtual_raster_by_its_name_reads_its_own_folder(tmp_path, secret, reader):
    shutil.copy(secret, tmp_path / "scene" / "tile.tif")
    path = tmp_path / "scene" / "mosaic.vrt"
    path.write_text(VRT.format(1, "tile.tif", ""))
    np.testing.assert_array_equal(read_bands(path, ["band_1"]), PIXELS)
    READERS[reader](path)


def test_a_virtual_raster_is_no_chip(tmp_path, secret):
    shutil.copy(secret, tmp_path / "scene" / "tile.tif")
    (tmp_path / "scene" / "chip.vrt").write_text(VRT.format(1, "tile.tif", ""))
    with pytest.raises(InputFileError, match="are not read"):
        read_image(tmp_path / "scene" / "chip.vrt")


@pytest.mark.parametrize(
    "source", ["../secret/secret.tif", "{root}/secret/secret.tif", "../scene/../secret/secret.tif"]
)
def test_a_virtual_raster_does_not_lead_out_of_its_folder(tmp_path, secret, source):
    path = tmp_path / "scene" / "mosaic.vrt"
    path.write_text(VRT.format(int(source.startswith("..")), source.format(root=tmp_path), ""))
    with pytest.raises(InputFileError, match=r"secret.tif, which lies outside .*scene"):
        stack_info(path)


def test_a_link_does_not_lead_out_of_the_folder(tmp_path, secret):
    (tmp_path / "scene" / "tile.tif").symlink_to(secret)
    path = tmp_path / "scene" / "mosaic.vrt"
    path.write_text(VRT.format(1, "tile.tif", ""))
    with pytest.raises(InputFileError, match="lies outside"):
        stack_info(path)


def test_a_source_in_disguise_is_refused(tmp_path, secret):
    (tmp_path / "scene" / "tile.tif").write_text(VRT.format(0, secret, ""))
    path = tmp_path / "scene" / "mosaic.vrt"
    path.write_text(VRT.format(1, "tile.tif", ""))
    for reader in ("describe", "read", "warp"):
        with pytest.raises(InputFileError, match=r"tile.tif, which is a file of GDAL's format VRT"):
            READERS[reader](path)


def test_virtual_rasters_in_virtual_rasters_are_followed(tmp_path, secret):
    scene = tmp_path / "scene"
    (scene / "inner.vrt").write_text(VRT.format(1, "../secret/secret.tif", ""))
    (scene / "outer.vrt").write_text(VRT.format(1, "inner.vrt", ""))
    with pytest.raises(InputFileError, match="lies outside"):
        stack_info(scene / "outer.vrt")
    (scene / "inner.vrt").write_text(VRT.format(1, "outer.vrt", ""))
    with pytest.raises(InputFileError, match="without an end"):
        stack_info(scene / "outer.vrt")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("/vsicurl/http://127.0.0.1:9/a.tif", "no file of this machine"),
        ("NETCDF:/etc/passwd:x", "no file of this machine"),
        ("&lt;GDAL_WMS/&gt;", "no file of this machine"),
        ("tile.tif", "is not there"),
    ],
)
def test_a_virtual_raster_names_files_alone(tmp_path, source, words):
    path = tmp_path / "mosaic.vrt"
    path.write_text(VRT.format(1, source, ""))
    with pytest.raises(InputFileError, match=words):
        stack_info(path)


@pytest.mark.parametrize(
    "element",
    [
        "<PixelFunctionLanguage>Python</PixelFunctionLanguage>",
        "<PixelFunctionCode>import os</PixelFunctionCode>",
        "<OpenOptions><OOI key='X'>Y</OOI></OpenOptions>",
    ],
)
def test_a_virtual_raster_with_a_program_is_refused(tmp_path, secret, element):
    shutil.copy(secret, tmp_path / "scene" / "tile.tif")
    path = tmp_path / "scene" / "mosaic.vrt"
    path.write_text(VRT.format(1, "tile.tif", element))
    with pytest.raises(InputFileError, match="which is not read here"):
        stack_info(path)
    path.write_text('<!DOCTYPE a [<!ENTITY b "c">]>' + VRT.format(1, "tile.tif", ""))
    with pytest.raises(InputFileError, match="holds entities"):
        stack_info(path)


def test_a_recipe_reads_virtual_rasters_below_its_root(tmp_path, secret):
    (tmp_path / "scene" / "mosaic.vrt").write_text(VRT.format(1, "../secret/secret.tif", ""))
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(RECIPE.format(""))
    out = build_stack(recipe, tmp_path / "stack.tif")  # the root is the folder above both
    np.testing.assert_array_equal(read_bands(out, ["red"]), PIXELS)


def test_a_recipe_reads_beyond_its_root_when_it_says_so(tmp_path, secret):
    (tmp_path / "recipes" / "scene").mkdir(parents=True)
    (tmp_path / "recipes" / "scene" / "mosaic.vrt").write_text(VRT.format(0, secret, ""))
    recipe = tmp_path / "recipes" / "recipe.toml"
    recipe.write_text(RECIPE.format(""))
    with pytest.raises(InputFileError, match='vrt_sources = "anywhere"'):
        build_stack(recipe, tmp_path / "stack.tif")
    assert not (tmp_path / "stack.tif").exists()
    recipe.write_text(RECIPE.format('vrt_sources = "anywhere"'))
    out = build_stack(recipe, tmp_path / "stack.tif")
    np.testing.assert_array_equal(read_bands(out, ["red"]), PIXELS)
    recipe.write_text(RECIPE.format('vrt_sources = "everywhere"'))
    with pytest.raises(RecipeError, match="choose from: root, anywhere"):
        load_recipe(recipe)


def test_polygons_in_disguise_are_refused(tmp_path):
    secret = tmp_path / "secret" / "secret.geojson"
    secret.write_text('{"type": "FeatureCollection", "features": []}')
    for name in ("slides.gpkg", "slides.geojson", "slides.shp"):
        path = tmp_path / name
        path.write_text(OGR_VRT.format(secret))
        for reader in (open_vector, read_polygons):
            with pytest.raises(InputFileError, match=r"virtual file \(OGR_VRT\) under another"):
                reader(path)


def test_a_virtual_raster_in_an_archive_reads_the_archive(tmp_path, secret):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(secret, "tile.tif")
        archive.writestr("mosaic.vrt", VRT.format(1, "tile.tif", ""))
        archive.writestr("away.vrt", VRT.format(0, secret, ""))
    path = f"/vsizip/{{{tmp_path}/a.zip}}/"
    np.testing.assert_array_equal(read_bands(path + "mosaic.vrt", ["band_1"]), PIXELS)
    with pytest.raises(InputFileError, match="lies outside"):
        stack_info(path + "away.vrt")


def _linked(file, other):
    file["img"] = h5py.ExternalLink(other, "img")


def _virtual(file, other):
    layout = h5py.VirtualLayout((4, 4, 3), "f4")
    layout[:] = h5py.VirtualSource(other, "img", (4, 4, 3))
    file.create_virtual_dataset("img", layout)


def _external(file, other):
    file.create_dataset("img", (4, 4, 3), "u1", external=[(other, 0, 48)])


@pytest.mark.parametrize("store", [_linked, _virtual, _external])
def test_hdf5_chips_hold_their_own_data(tmp_path, store):
    other = tmp_path / "secret" / "other.h5"
    with h5py.File(other, "w") as file:
        file["img"] = np.ones((4, 4, 3), "f4")
    chip = tmp_path / "chip.h5"
    with h5py.File(chip, "w") as file:
        store(file, str(other))
    with pytest.raises(InputFileError, match=r"another file"):
        read_image(chip)


def test_netcdf_rasters_hold_their_own_data(tmp_path):
    other, path = tmp_path / "secret" / "other.nc", tmp_path / "dem.nc"
    for name in (other, path):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            memory = gdal.GetDriverByName("MEM").Create("", 8, 8, 1, gdal.GDT_Float32)
            memory.SetProjection('LOCAL_CS["x"]')
            gdal.GetDriverByName("netCDF").CreateCopy(str(name), memory, 0, ["FORMAT=NC4"])
    with BandReader(path) as reader:
        assert reader.shape == (8, 8)
    with h5py.File(path, "a") as file:
        file["away"] = h5py.ExternalLink(str(other), "Band1")
    with pytest.raises(InputFileError, match="link to another file"):
        BandReader(path)
