"""Write docs/bundle.schema.json, the JSON schema of `bundle.json`, from its dataclass."""

from __future__ import annotations

import json
from pathlib import Path

from keras_landslide.bundle.contract import contract_schema

if __name__ == "__main__":
    out = Path(__file__).resolve().parents[1] / "docs" / "bundle.schema.json"
    out.write_text(json.dumps(contract_schema(), indent=2) + "\n", encoding="utf-8")
    print(f"wrote {out}")
