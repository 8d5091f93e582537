"""What one would pick instead: scikit-learn's random forest and gradient boosting, per pixel."""

from __future__ import annotations

from typing import Any

import numpy as np

PEERS: dict[str, dict[str, Any]] = {
    "random_forest": {"n_estimators": 200, "min_samples_leaf": 10, "max_samples": 0.1},
    "gradient_boosting": {
        "max_iter": 100,
        "learning_rate": 0.05,
        "max_leaf_nodes": 15,
        "min_samples_leaf": 100,
        "l2_regularization": 5.0,
    },
}
"""Settings that scored best of a few on held-out strips of Kaghan: leaves of many pixels, since
neighbouring ones repeat each other."""


def train_peer(name: str, features: np.ndarray, label: np.ndarray, *, seed: int = 0) -> Any:
    """Fit a peer to all labelled pixels.

    Args:
        name: of `PEERS`.
        features: float32 (H, W, C), NaN where there is no data.
        label: uint8 (H, W) of 0, 1, 255.
        seed: of the draws.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

    known = ((label == 0) | (label == 1)) & ~np.isnan(features).any(axis=-1)
    if name == "random_forest":
        model: Any = RandomForestClassifier(n_jobs=-1, random_state=seed, **PEERS[name])
    else:
        model = HistGradientBoostingClassifier(random_state=seed, **PEERS[name])
    return model.fit(features[known], label[known] == 1)


def predict_peer(model: Any, features: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Probability float32 (H, W) at the pixels `where`, bool (H, W); NaN elsewhere."""
    out = np.full(features.shape[:2], np.nan, np.float32)
    where = where & ~np.isnan(features).any(axis=-1)
    if where.any():
        out[where] = model.predict_proba(features[where])[:, 1]
    return out
