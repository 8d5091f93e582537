"""The spectral indices that the project knows by itself, and any other of spyndex by its name."""

from __future__ import annotations

from dataclasses import dataclass

from keras_landslide.errors import RecipeError, did_you_mean
from keras_landslide.formula import Formula


@dataclass(frozen=True)
class Index:
    """A spectral index; it has no unit.

    Attributes:
        name: of the band that holds it.
        formula: on reflectances, by the names of the project's bands.
        description: one line for people.
        source: who proposed it.
    """

    name: str
    formula: Formula
    description: str
    source: str

    @property
    def range(self) -> tuple[float, float] | None:
        """-1 to 1 for a normalised difference, beyond which negative reflectance alone leads."""
        return (-1.0, 1.0) if self.formula.denominator else None


INDICES: dict[str, Index] = {
    name: Index(name, Formula(formula), description, source)
    for name, formula, description, source in (
        (
            "ndvi",
            "(nir - red) / (nir + red)",
            "normalised difference vegetation index",
            "Rouse et al. 1974, NASA SP-351, 309-317",
        ),
        (
            "gndvi",
            "(nir - green) / (nir + green)",
            "green normalised difference vegetation index",
            "Gitelson et al. 1996, doi:10.1016/S0034-4257(96)00072-7",
        ),
        (
            "ndwi",
            "(green - nir) / (green + nir)",
            "normalised difference water index",
            "McFeeters 1996, doi:10.1080/01431169608948714",
        ),
        (
            "mndwi",
            "(green - swir_1) / (green + swir_1)",
            "modified normalised difference water index",
            "Xu 2006, doi:10.1080/01431160600589179",
        ),
        (
            "ndmi",
            "(nir - swir_1) / (nir + swir_1)",
            "normalised difference moisture index",
            "Wilson and Sader 2002, doi:10.1016/S0034-4257(01)00318-2",
        ),
        (
            "nbr",
            "(nir - swir_2) / (nir + swir_2)",
            "normalised burn ratio",
            "Key and Benson 1999, doi:10.3133/ofr0211",
        ),
        (
            "ndsi",
            "(green - swir_1) / (green + swir_1)",
            "normalised difference snow index",
            "Hall et al. 1995, doi:10.1016/0034-4257(95)00137-P",
        ),
        (
            "bsi",
            "((swir_1 + red) - (nir + blue)) / ((swir_1 + red) + (nir + blue))",
            "bare soil index",
            "Rikimaru et al. 2002, Tropical Ecology 43(1), 39-47; spyndex calls it BI",
        ),
    )
}
"""By name. One more is a row here."""

LETTERS = {
    **{"A": "coastal", "B": "blue", "G": "green", "R": "red", "N": "nir"},
    **{"RE1": "red_edge_1", "RE2": "red_edge_2", "RE3": "red_edge_3"},
    **{"WV": "water_vapour", "S1": "swir_1", "S2": "swir_2"},
    **{"N2": "nir_narrow", "G1": "green_1", "Y": "yellow"},
    **{"T": "thermal", "T1": "thermal_1", "T2": "thermal_2"},
}
"""Bands by the letters of spyndex; the last two lines are names that a recipe may give a band."""


def find_index(name: str) -> Index:
    """An index by name, in small or capital letters: of `INDICES`, else of spyndex.

    Raises:
        RecipeError: there is none; spyndex, which the extra `indices` installs, is missing; or it
            needs what a recipe cannot give.
    """
    if name.lower() in INDICES:
        return INDICES[name.lower()]
    try:
        import spyndex
    except ImportError:
        raise RecipeError(
            f"there is no band and no index '{name}'; choose from: {', '.join(INDICES)}"
            f"{did_you_mean(name.lower(), INDICES)}; for those of spyndex, "
            "`pip install 'keras-landslide[indices]'`"
        ) from None
    same = [known for known in spyndex.indices if known.lower() == name.lower()]
    exact = [name] if name in same else same
    if len(exact) > 1:
        raise RecipeError(f"there are the indices {' and '.join(exact)}; write the one you mean")
    if not exact:
        raise RecipeError(
            f"there is no band and no index '{name}'; choose from: {', '.join(INDICES)}, or from "
            f"those of spyndex{did_you_mean(name.upper(), spyndex.indices)}"
        )
    return _of_spyndex(spyndex.indices[exact[0]], name)


def _of_spyndex(found, name: str) -> Index:
    import spyndex

    new: dict[str, str | float] = {}
    for letter in found.bands:
        constant = spyndex.constants.get(letter)
        if letter in LETTERS:
            new[letter] = LETTERS[letter]
        elif constant is not None and constant.default is not None:
            new[letter] = float(constant.default)
        else:
            raise RecipeError(
                f"the index {found.short_name} needs '{letter}', which no band of a recipe gives; "
                "write its formula out instead"
            )
    formula = Formula(found.formula).renamed(new)
    return Index(name.lower(), formula, found.long_name.lower(), found.reference)
