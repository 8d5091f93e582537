# %% [markdown]
# # 6. Reproduce a paper, and make the most of a few chips
#
# A paper's table is worth more when one command prints ours beside it. This notebook checks a data
# set of chips, runs a paper's protocol in its quick form, reads its card, and then makes one bundle
# of a handful of chips. With real Landslide4Sense patches at
# `$KERAS_LANDSLIDE_DATA/landslide4sense` it takes those; else it **generates chips**, which look
# like landslides to nobody but a network. Networks are tiny and epochs few, so that this takes a
# minute: no number here says anything of the paper.

# %%
import os
from pathlib import Path

import numpy as np

import keras_landslide as kl
from walkthrough import WORK, show, table

# %% [markdown]
# ## The chips

# %%
import h5py

# The published patches are divided by these, so that most values lie around 1.
DIVISORS = (
    *(1111.8124, 824.6317, 663.4164, 445.1729, 645.8583, 1547.7351, 1960.4440),
    *(1941.3223, 674.0757, 9.0479, 1113.9834, 519.9040, 20.2923, 772.8314),
)


def generated(folder: Path, count: int = 8) -> Path:
    """Patches in the layout of Landslide4Sense: smooth ground, bright and steep where it slid."""
    from scipy.ndimage import gaussian_filter

    for number in range(1, count + 1):
        rng = np.random.default_rng(number)
        mask = gaussian_filter(rng.normal(size=(128, 128)), 6) > 0.075
        ground = gaussian_filter(rng.normal(size=(128, 128, 14)), (4, 4, 0)) * 800 + 1500
        ground[..., :12] += 900 * mask[..., None]
        ground[..., 12] = 15 + 20 * mask
        for role, key, values in (
            ("img", "img", np.round(ground) / DIVISORS),
            ("mask", "mask", mask.astype(np.uint8)),
        ):
            path = folder / "TrainData" / role / f"{'image' if key == 'img' else key}_{number}.h5"
            path.parent.mkdir(parents=True, exist_ok=True)
            with h5py.File(path, "w") as file:
                file[key] = values
    return folder


real = Path(os.environ.get("KERAS_LANDSLIDE_DATA", "none")) / "landslide4sense"
data = real if real.is_dir() else generated(WORK / "l4s")
print("real patches" if real.is_dir() else "generated chips, nothing was measured")

# %% [markdown]
# In the shell: `keras-landslide data check FOLDER`.

# %%
found = kl.check_data(data, WORK / "check")
print("\n".join(line for line in found.text.splitlines() if str(data) not in line))
show(WORK / "check" / "preview.png", width=900)

# %% [markdown]
# **Look at** the ranges: reflectance below 1, slope in degrees, elevation in metres. A wrong
# divisor or an already normalised copy shows here first. The warnings say that this is not the
# whole published set.
#
# ## A protocol, scaled down
#
# In the shell: `keras-landslide reproduce mu_net --data FOLDER --quick`. We go further down still:
# two of the four models, two folds, six epochs.

# %%
from dataclasses import replace

quick = kl.load_protocol("mu_net", quick=True)
tiny = replace(
    quick,
    models=tuple(replace(m, options={"filters": 4}) for m in quick.models[:2]),
    training=replace(quick.training, epochs=6),
    folds=2,
    chips=8,
)
done = kl.reproduce(tiny, data, WORK / "mu_net")

# %%
print(done.text)

# %% [markdown]
# Ours stands left of each bar, the paper's right of it. **Read the intervals**: so few chips tell
# little. What does not fit in the paper's own numbers is found by arithmetic:

# %%
for name in ("mu_net", "msasnet"):
    for sentence in kl.inconsistencies(kl.load_protocol(name)):
        print(f"{name}: {sentence}\n")

# %%
show(WORK / "mu_net" / "examples.png", width=900)

# %% [markdown]
# ## The most of a handful of chips
#
# In the shell: `keras-landslide reproduce best_l4s --data FOLDER --bundle bundle`. Every
# chip is scored by networks that never saw it, at a threshold that the other chips chose; the rows
# add one part at a time, so that the table tells what each is worth. Here with narrow networks and
# few epochs.

# %%
best = kl.load_protocol("best_l4s", quick=True)
kept = ("heavy augmentation, dropout, decay", "heavy, four sides")
best = replace(
    best,
    models=tuple(
        replace(m, options={**m.options, "filters": 4, "levels": 2})
        for m in best.models
        if m.label in kept
    ),
    training=replace(best.training, epochs=3),
    chips=8,
)
made = kl.reproduce(best, data, WORK / "best", bundle=WORK / "few_chips")
table(
    ["model", "F1", "low", "high"],
    [
        [
            row.entry.label,
            row.values["test"]["f1"],
            row.intervals["test"]["f1"].low,
            row.intervals["test"]["f1"].high,
        ]
        for row in made.outcome.rows
    ],
)

# %% [markdown]
# One bundle of all folds: its SavedModel takes raw chips of all 14 bands and gives the mean of all
# networks.

# %%
again = kl.score_chips(made.paths["bundle"], data, WORK / "few_chips_scores", channels="l4s14")
print(f"on the chips that it was made of: F1 {again['f1']:.3f}, which is no test")
show(WORK / "few_chips_scores" / "chips.png", width=500)

# %% [markdown]
# **The honest number** is the one of the table above. The last one is of chips that most of the
# networks have seen; it is what one would report by mistake.
