"""`bundle.json`: what it may hold, its schema in docs, and the older format."""

import copy
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from keras_landslide.bundle.contract import (
    BandDropout,
    BandRange,
    Bare,
    BundleBand,
    Calibration,
    Contract,
    Normalization,
    contract_of,
    contract_schema,
)
from keras_landslide.errors import BundleError

SCHEMA = Path(__file__).parents[2] / "docs" / "bundle.schema.json"
DROPOUT = BandDropout(0.3, {"sar": ("vv_pre",)}, {"sar": 0.3})
FULL = Contract(
    name="unet-rgb",
    simulated=False,
    bands=(BundleBand("red", "reflectance", "continuous"), BundleBand("vv_pre", "dB", "radar")),
    pixel_size_m=12.5,
    patch_size_px=128,
    stride_px=16,
    halo_px=128,
    bounded=True,
    threshold=0.4,
    threshold_rule="best F1 on validation",
    calibration=Calibration(
        "isotonic",
        x=(0.1, 0.9),
        y=(0.0, 1.0),
        in_graph=True,
        fitted_on="val",
        bare=Bare(0.5, "best F1", {"val": {"f1": 0.5}}, "patches", DROPOUT),
    ),
    band_dropout=DROPOUT,
    training_area={"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]},
    band_ranges={"red": BandRange(0, 1, 0.3, 0.1, 0.02, 0.9)},
    normalization=Normalization((0.3, -12.0), (0.1, 3.0)),
    metrics={"val": {"f1": 0.5}},
    model={"name": "unet", "options": {"filters": 4}},
    versions={"keras": "3.10"},
    fingerprint="0123",
)


def written():
    return json.loads(json.dumps(FULL.to_dict()))


def places(values, path=()):
    """Every place in nested JSON values."""
    items = values.items() if isinstance(values, dict) else enumerate(values)
    for key, value in items:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))


def with_value(values, path, value):
    changed = copy.deepcopy(values)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return changed


def test_it_survives_writing():
    values = written()
    assert contract_of(values, "bundle.json") == FULL.sealed()
    assert contract_of({**values, "newer": 1}, "").to_dict() == {"newer": 1, **values}
    assert next(iter(values)) == "format"


def test_docs_hold_the_schema():
    told = json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert told == json.loads(json.dumps(contract_schema())), "run scripts/bundle_schema.py"


def damages():
    for path in places(written()):
        for value in (None, "text", [[1]], {"a": []}, math.nan, math.inf, -1, 10**6, 10**400, True):
            yield path, value


def test_damage_is_one_clear_line_and_the_schema_agrees():
    """What the schema refuses is refused; what is read is a contract that can be written."""
    jsonschema = pytest.importorskip("jsonschema")
    check = jsonschema.Draft202012Validator(contract_schema())
    values = written()
    assert check.is_valid(values)
    refused = read = 0
    for path, value in damages():
        changed = with_value(values, path, value)
        try:
            known = contract_of(changed, "bundle.json")
        except BundleError as error:
            line = str(error)
            assert line.startswith("bundle.json: ") and "\n" not in line and len(line) < 400
            assert "again" in line or "install a newer" in line
            refused += 1
        else:
            json.dumps(known.to_dict(), allow_nan=False)
            assert check.is_valid(changed), (path, value)
            read += 1
    assert refused > 300 and read > 50


@pytest.mark.parametrize(
    ("path", "value", "what"),
    [
        (("halo_px",), 10**6, "'halo_px' = 1000000 is out of range: .* from 0 to 16384"),
        (("stride_px",), 8, "were changed by hand"),
        (("stride_px",), 3, "'halo_px' = 128 is no multiple of 'stride_px' = 3"),
        (("bands", 0, "name"), "vv_pre", "names a band twice"),
        (("bands", 0, "name"), "green", "were changed by hand"),
        (("normalization", "std", 0), 0, r"'normalization.std\[0\]' = 0 is out of .* above 0"),
        (("normalization", "mean"), [1.0], "'normalization' does not tell of 2 bands"),
        (("metrics", "val", "f1"), math.nan, "'metrics.val.f1' holds nan"),
        (("checksum",), None, "'checksum' is missing"),
        (("format",), True, "format True, this version reads formats 1 to 2"),
    ],
)
def test_entries_that_contradict_the_network(path, value, what):
    with pytest.raises(BundleError, match=what):
        contract_of(with_value(written(), path, value), "bundle.json")


def test_threshold_may_be_chosen_anew():
    assert contract_of({**written(), "threshold": 0.7}, "").threshold == 0.7


def test_format_1_is_read():
    """No checksum, no entry that later versions added, and a calibration outside of the graph."""
    known = ("name", "simulated", "bands", "pixel_size_m", "patch_size_px", "stride_px", "halo_px",
             "bounded", "threshold")  # fmt: skip
    values = {"format": 1, **{key: written()[key] for key in known}}
    old = contract_of(values, "bundle.json")
    assert old == replace(
        Contract(**{key: getattr(FULL, key) for key in known}), checksum=old.checksum
    )
    assert old.format == 2 and old.calibration is None and contract_of(old.to_dict(), "") == old
    values["calibration"] = {"method": "temperature", "temperature": 2.0, "in_graph": True}
    assert not contract_of(values, "bundle.json").calibration.in_graph
