# %% [markdown]
# # 5. Susceptibility: where may it slide next?
#
# The other notebooks ask what *has* slid in an image. This one asks where landslides are likely at
# all, from terrain, rock, land cover and an inventory of the past: a **susceptibility map**. We
# compare the six models of the LACNN study (Hajimoradlou, Roberti and Poole) with scikit-learn's
# random forest and gradient boosting, **on ground that none of them has seen**, and map the region
# with one of them.
#
# The region is **simulated**, small, and the networks learn for seconds only: the figures below
# show
# how to read a result and nothing else. What came out on real ground is in
# [docs/susceptibility.md](../docs/susceptibility.md). To walk through a region of your own, set
# `SUSCEPTIBILITY_RECIPE` and `SUSCEPTIBILITY_ROOT` before starting, for example to
# `data_prep/recipes/kaghan.toml` and the folder of its rasters; it then takes its time.

# %%
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Markdown, display

import keras_landslide as kl
from walkthrough import WORK, bands_of, bare, show, table

own = os.environ.get("SUSCEPTIBILITY_RECIPE")
quick = own is None
folder = WORK / "region"
recipe = kl.simulate_region(folder, (192, 256), seed=3, slide_share=0.03) if quick else Path(own)
root = os.environ.get("SUSCEPTIBILITY_ROOT")
print(recipe.read_text())

# %% [markdown]
# ## A mixed stack
#
# In the shell: `keras-landslide stack work/region/recipe.toml -o work/region/stack.tif`.
#
# Continuous rasters and classes in one file. A class band is **one** band of codes with its table
# of
# names in the metadata, whatever the number of classes; the network turns it into a channel per
# class. `uphill_100` says for every pixel which of the pixels 100 m away is the highest.

# %%
built = kl.stack(recipe, folder / "stack.tif", root=root)
stack = built.paths["stack"]
rows = [
    [band["name"], band["kind"], len(band["classes"]) or "", band["derivation"][:70]]
    for band in built["bands"]
]
table(["band", "kind", "classes", "how"], rows)

# %%
classes = next(band["name"] for band in built["bands"] if band["kind"] == "categorical")
bands = [*bands_of(stack, ["elevation", "slope", classes, "label"]).values()]
fig, axes = plt.subplots(1, 4, figsize=(13, 3.2))
for ax, name, values in zip(axes, ("elevation", "slope", classes, "label"), bands, strict=True):
    shown = np.where(values == 255, np.nan, values) if name == "label" else values
    ax.imshow(shown, cmap="tab20" if name == classes else "viridis")
    ax.set_title(name)
bare(axes)
show(fig)

# %% [markdown]
# ## What lies uphill
#
# For one pixel: the ring of pixels at each range, and the highest of each. LANN and LACNN get
# some of
# the features from there as well. Heights are taken as differences to the pixel's own: 1 900 m
# means
# nothing in the next valley, a cliff of 80 m above does.

# %%
height = bands[0]
row, col = (side // 2 for side in height.shape)
y, x = np.indices(height.shape)
distance_m = np.hypot(y - row, x - col) * built["pixel_size_m"]
fig, ax = plt.subplots(figsize=(5, 4.4))
size = 40
ax.imshow(height, cmap="terrain")
uphill = [band["name"] for band in built["bands"] if band["name"].startswith("uphill_")]
for range_m in (float(name.removeprefix("uphill_")) for name in uphill):
    ring = np.abs(distance_m - range_m) <= built["pixel_size_m"] / 2
    highest = np.unravel_index(np.where(ring, height, -np.inf).argmax(), height.shape)
    ax.plot(x[ring], y[ring], ".", markersize=2, color="#333333")
    ax.plot(highest[1], highest[0], "o", color="#D55E00")
ax.plot(col, row, "k+")
ax.set(xlim=(col - size, col + size), ylim=(row + size, row - size), title="highest of each ring")
bare(ax)
show(fig, width=450)

# %% [markdown]
# ## Which ground is held out?
#
# Landslides come in clusters. Hold out small squares, and each lies beside ground that was learnt
# from: a model that remembers *places* looks good. Hold out whole strips, wider than a cluster, and
# only what holds elsewhere counts.

# %%
label = bands_of(stack, ["label"])["label"]
fig, axes = plt.subplots(1, 2, figsize=(9, 3.2))
for ax, kind in zip(axes, ("rows", "blocks"), strict=True):
    ax.imshow(kl.make_folds(label, kind, 3), cmap="Set2")
    ax.set_title(f"three folds: {kind}")
bare(axes)
show(fig, width=800)

# %% [markdown]
# ## Compare, and map
#
# In the shell, with the defaults: `keras-landslide susceptibility work/region/stack.tif -o
# work/susceptibility`. Stopped, it goes on where it was.

# %%
from contextlib import redirect_stderr
from io import StringIO

options = {}
if quick:
    options = {
        "held": "rows:2",
        "align": ("elevation", "slope"),
        "members": 1,
        "epochs": 4,
        "patch_px": 64,
        "margin_px": 30,
    }
with redirect_stderr(StringIO()):
    found = kl.susceptibility(stack, WORK / "susceptibility", **options)
display(Markdown(found.text))

# %% [markdown]
# - **AUC**: how often a landslide pixel gets a higher value than another one; 0.5 is chance. In
#   brackets the 95 % interval over resampled squares of the held-out ground, never over pixels.
# - **NLL** beside **naive NLL**, that of the best constant: above it, a map's probabilities are
#   worse
#   than none at all.
# - The second table asks whether a lead is real: where its interval holds 0, it may be luck.
#
# ## How much of the map for how many landslides?

# %%
show(WORK / "susceptibility" / "curves" / "rows.png", width=1100)

# %% [markdown]
# ## The map
#
# `classes.tif` opens in QGIS with the legend of `classes.qml`. Five classes, by natural breaks:
# `--classes quantiles` and `equal_area` are the others.

# %%
show(WORK / "susceptibility" / "classes.png", width=750)
print("mapped by", found["map"]["model"], "from", *found["map"]["bands"])

# %% [markdown]
# The model that made the map has learnt from all of the label, so the last column is its **success
# rate**, not how well it predicts; that is what the held-out tables are for. Where there is no
# label,
# nobody looked: unlabelled ground is mapped, never learnt from.
#
# ## Try next
#
# - `--bands` without `elevation`: do the strips suffer, or gain?
# - `--held-out rows:5,blocks:5`: how much better does everything look on small blocks, and which
#   model gains most?
# - `--align slope,elevation` in place of the channels that a logistic regression finds heavy.
