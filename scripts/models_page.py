"""Write docs/models/*.md, their diagrams, and the tables of docs/models.md.

    .venv/bin/python scripts/models_page.py [NAME ...]

With names, only these networks' pages are written anew.
"""

from __future__ import annotations

import sys
from pathlib import Path

from keras_landslide.runtime.quiet import quiet_tensorflow

DOCS = Path(__file__).resolve().parents[1] / "docs"


def main(names: list[str]) -> None:
    """Write the pages and say which."""
    with quiet_tensorflow():
        from keras_landslide.report.model_pages import write_model_pages
    for path in write_model_pages(DOCS, names):
        print(path.relative_to(DOCS.parent))


if __name__ == "__main__":
    main(sys.argv[1:])
