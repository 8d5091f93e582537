"""JSON and TOML are read in one place each, where a damaged file becomes one clear line."""

import re
from pathlib import Path

import keras_landslide

ROOT = Path(keras_landslide.__file__).parent
READS = re.compile(r"json\.loads?\(|tomllib\.loads?\(")
ALLOWED = {
    "records.py",  # the place for JSON
    "toml_files.py",  # the place for TOML
    "tuning/oracle.py",  # what a worker of this process wrote a moment ago
    # Files of the package itself.
    "models/recorded.py",
    "models/catalogue.py",
    "datasets/addresses.py",
    "protocols/protocol.py",
}


def test_every_file_is_read_in_one_place():
    found = {
        str(path.relative_to(ROOT))
        for path in ROOT.rglob("*.py")
        if READS.search(path.read_text(encoding="utf-8"))
    }
    assert found <= ALLOWED
