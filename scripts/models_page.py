"""Measure the networks; write models/facts.json of the package and docs/models*.

    .venv/bin/python scripts/models_page.py [NAME ...]

The file of facts is what `keras-landslide models` lists; the documentation is the tables of
docs/models.md, and a page and a diagram per network. With names, only these networks' pages are
written anew.
"""

from __future__ import annotations

import sys
from pathlib import Path

from keras_landslide.runtime.quiet import quiet_tensorflow

DOCS = Path(__file__).resolve().parents[1] / "docs"


def main(names: list[str]) -> None:
    """Write the pages and say which."""
    with quiet_tensorflow():
        from keras_landslide.models import MODELS
        from keras_landslide.models.analysis.facts import facts
        from keras_landslide.models.recorded import write_facts
        from keras_landslide.report.model_pages import write_model_pages
    written = write_facts(facts(name) for name in MODELS)
    for path in [written, *write_model_pages(DOCS, names)]:
        print(path.relative_to(DOCS.parent))


if __name__ == "__main__":
    main(sys.argv[1:])
