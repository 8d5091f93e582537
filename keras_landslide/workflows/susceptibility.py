"""`keras-landslide susceptibility`: compare models on held-out ground and map a region."""

from __future__ import annotations

from typing import Any


def _settings(**options: Any) -> Any:
    from keras_landslide.errors import SplitError
    from keras_landslide.susceptibility_study.settings import Held, StudySettings

    lists: dict[str, Any] = {}
    for key in ("models", "bands", "align"):
        text = options.pop(key)
        lists[key] = text and tuple(part.strip() for part in text.split(",") if part.strip())
    held = []
    for part in filter(None, options.pop("held_out").split(",")):
        kind, _, folds = part.strip().partition(":")
        if not folds.isdigit():
            raise SplitError(f"--held-out '{part}' should be a kind and a number, such as rows:5")
        held.append(Held(kind, int(folds)))
    for key in ("members", "block_px"):
        options[key] = options[key] or 0
    return StudySettings(held=tuple(held), **lists, **options)
