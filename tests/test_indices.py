import ast
import re
from pathlib import Path

import numpy as np
import pytest

from keras_landslide.errors import RecipeError
from keras_landslide.formula import Formula
from keras_landslide.indices import INDICES, LETTERS, find_index
from keras_landslide.stacking.indices import derivation, index_values

spyndex = pytest.importorskip("spyndex", reason="needs the extra `indices`")
BANDS = sorted({band for index in INDICES.values() for band in index.formula.names})
REFLECTANCE = dict(
    zip(BANDS, np.random.default_rng(3).uniform(0.01, 0.6, (len(BANDS), 40)), strict=True)
)


def by_spyndex(name, bands=REFLECTANCE):
    found = spyndex.indices[name]
    constants = {c: spyndex.constants[c].default for c in found.bands if c not in LETTERS}
    letters = {b: bands[LETTERS[b]] for b in found.bands if b in LETTERS}
    return spyndex.computeIndex(name, constants | letters)


@pytest.mark.parametrize("name", INDICES)
def test_built_in_indices_are_those_of_spyndex(name):
    ours = index_values(INDICES[name], REFLECTANCE)
    np.testing.assert_allclose(ours, by_spyndex("BI" if name == "bsi" else name.upper()))
    low, high = INDICES[name].range or (-np.inf, np.inf)
    assert (ours >= low).all() and (ours <= high).all()
    assert INDICES[name].source and INDICES[name].description


def test_normalised_differences_lie_between_minus_one_and_one():
    for name in ("ndvi", "gndvi", "ndwi", "mndwi", "ndmi", "nbr", "ndsi", "bsi"):
        assert INDICES[name].range == (-1, 1)


@pytest.mark.parametrize("name", ["SAVI", "EVI", "NBR2", "OSAVI", "VARI"])
def test_any_index_of_spyndex_by_name(name):
    index = find_index(name.lower())
    np.testing.assert_allclose(index_values(index, REFLECTANCE), by_spyndex(name))
    assert (index.range == (-1, 1)) == (name == "NBR2")


def test_every_formula_of_spyndex_can_be_read():
    usable = refused = 0
    for name, found in spyndex.indices.items():
        try:
            index = find_index(name)
        except RecipeError as error:
            assert "which no band of a recipe gives" in str(error)
            refused += 1
        else:
            assert name.lower() in INDICES or set(index.formula.names) <= set(LETTERS.values())
            usable += 1
        ast.parse(found.formula)
    assert usable > 200 and refused < 60


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ndwx", "choose from: ndvi, .*did you mean 'NDWI'"),
        ("bai", "write the one you mean"),
        ("DpRVIHH", "needs 'H[HV]'"),
    ],
)
def test_names_that_are_no_index(name, message):
    with pytest.raises(RecipeError, match=message):
        find_index(name)


def test_every_index_that_is_built_in_is_in_the_docs():
    text = (Path(__file__).parents[1] / "docs" / "formats.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"Built in are (.*?) \(", text, re.DOTALL)
    assert re.findall(r"`(\w+)`", line) == list(INDICES)


def test_negative_reflectance_has_no_index():
    red, nir = np.float32([-0.1, 0.002, 0.1]), np.float32([-0.1, -0.01, 0.3])
    values = index_values(INDICES["ndvi"], {"red": red, "nir": nir})
    np.testing.assert_allclose(values, [np.nan, np.nan, 0.5], rtol=1e-6)
    assert values.dtype == np.float32


def test_formulas():
    formula = Formula("2 * (a - b) ** 2 / -c")
    assert formula.of({"a": 5.0, "b": 2.0, "c": 3.0}) == -6
    assert formula.names == ("a", "b", "c") and not formula.linear
    assert Formula("vv_post - vv_pre").linear
    assert Formula("(a - b) / (b + a)").denominator and not Formula("a / b").denominator


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a +",
        "open('x')",
        "a.b",
        "a[0]",
        "a if b else c",
        "'a'",
        "True",
        "a < b",
        "(" * 300,
        "-" * 990 + "a",
        "a" + "+a" * 400,
    ],
)
def test_what_is_no_formula(text):
    with pytest.raises(RecipeError, match=r"is no (formula|arithmetic)"):
        Formula(text)


def test_bands_of_two_dates():
    present = ("nir_post", "red_post", "red_pre", "nir_pre")
    how = derivation(Formula("ndvi_post - ndvi_pre"), present, "r.toml")
    assert how.bands == ("red_post", "red_pre", "nir_post", "nir_pre")
    bands = {name: np.float32([value]) for name, value in zip(present, (3, 1, 1, 4), strict=True)}
    np.testing.assert_allclose(how.of(bands), [0.5 - 0.6], rtol=1e-6)
    assert how.words == (
        "ndvi_post - ndvi_pre, where ndvi_post = (nir_post - red_post) / (nir_post + red_post), "
        "ndvi_pre = (nir_pre - red_pre) / (nir_pre + red_pre)"
    )
    for formula, message in (
        ("ndvi_pre", "r.toml: ndvi_pre needs the band nir_pre"),
        ("1 + 1", "names no band"),
    ):
        with pytest.raises(RecipeError, match=message):
            derivation(Formula(formula), present[:3], "r.toml")
