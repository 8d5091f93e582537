# %% [markdown]
# # 3. Tune: try settings in order
#
# How many filters? Which learning rate? Nobody knows beforehand. A **grid search** trains the
# network with every combination of a few values and keeps score on validation. Here: a small search
# that takes a minute, what happens when it is stopped, and the study's own search of 54 trainings.
# **All data are simulated** (see [01 stack](01_stack.ipynb)).

# %%
import shutil
import tomllib
from math import prod

import keras_landslide as kl
import walkthrough
from walkthrough import WORK, show, table

stack, patches = walkthrough.stacks()["argelia"], walkthrough.patches()

# %% [markdown]
# ## A search space
#
# Again one text file: `[base]` is a run config that all trials share, `[grid]` names the values to
# combine. Three learning rates and two widths make six **trials**. They are short (four epochs,
# some of the patches), enough to see bad settings fail and too little to tell good ones apart.

# %%
SPACE = """\
[search]
name = "walkthrough"
objective = "val_f1"       # what counts: F1 on the validation patches
seed = 0
epochs = 4                 # of each trial, at most
patience = 4
max_patches = 160          # of each split

[base.data]
stack = "argelia/stack.tif"
patches = "argelia/patches.gpkg"
image_model = "rgb_terrain_sar"

[base.model]
name = "unet_colombia"

[base.training]            # of the final training with the best values
loss = "dice"
epochs = 20
patience = 20

[grid]
filters = [4, 8]
learning_rate = [1e-4, 1e-3, 5e-3]
batch_size = [8]
"""
space = WORK / "space.toml"
space.write_text(SPACE, encoding="utf-8")
print(SPACE.strip())

# %% [markdown]
# ## Search
#
# In the shell: `keras-landslide tune work/space.toml -o work/search`, or the script
# `python tuning/search.py --space ...`; both are the same. A line per finished trial shows what was
# tried, what it scored and how long the rest will take.

# %%
shutil.rmtree(WORK / "search", ignore_errors=True)
result = kl.tune(space, WORK / "search")

# %%
rows = [
    [row.trial, *row.values.values(), f"{row.score:.4f}", f"{row.best_epoch}/{row.epochs}"]
    for row in sorted(result.rows, key=lambda row: -row.score)
]
table(["trial", *result.rows[0].values, "score", "epoch"], rows)

# %% [markdown]
# `score` is the validation F1 at the best epoch, `4/4` says which epoch that was. The same rows,
# with the seconds, stand in `trials.csv`; the figure in `trials.png`:

# %%
picture = kl.figures.trials_figure(
    WORK / "search" / "trials.csv",
    WORK / "search" / "trials.png",
    title="All trials",
    simulated=True,
)
show(picture, width=650)

# %% [markdown]
# **Look at** the left end: with 1e-4 the network has hardly begun to learn in four epochs. At the
# right end a wide network may already stumble: a best epoch of `1/4` in the table means that it got
# worse from there, a sign of too large a rate. Small differences between good trials mean nothing:
# one seed, few epochs, few patches (`executions_per_trial = 3` trains each with three seeds).
#
# ## What to do with it: `best.toml`
#
# The search writes a whole run config with the best trial's values, ready for
# `keras-landslide train work/search/best.toml -o work/run_best`.

# %%
best = (WORK / "search" / "best.toml").read_text()
print(best.replace(str(WORK.resolve()), "/…/work").strip())

# %% [markdown]
# ## Stopped? Say it again
#
# A search may take a night, and nights have power cuts. Suppose the machine died in trial 4: its
# results are not there. We take them away, then give **the same command again**.

# %%
trials = WORK / "search" / "trials"
shutil.rmtree(trials / "trial_4")
before = {path.parent.name: path.stat().st_mtime_ns for path in trials.glob("*/trial.json")}

again = kl.tune(space, WORK / "search")

after = {path.parent.name: path.stat().st_mtime_ns for path in trials.glob("*/trial.json")}
print("ran again:", *sorted(name for name in after if after[name] != before.get(name)))
print("same scores as before:", [r.score for r in again.rows] == [r.score for r in result.rows])

# %% [markdown]
# Only the missing trial ran, and it gave the same score to the last digit, because trial 4 has
# its own seed whatever happened before it. After a real kill a trial even goes on from its last
# finished epoch. A trial that fails (too large for the memory, say) is noted with its reason, and
# the search goes on.
#
# ## The study's grid: 54 trials
#
# Table 1 of Vega and Hidalgo is in `tuning/spaces/colombia.toml`:

# %%
from pathlib import Path

colombia = Path("../tuning/spaces/colombia.toml")
print(colombia.read_text().strip(), end="\n\n")
study = tomllib.loads(colombia.read_text())
trials = prod(len(values) for values in study["grid"].values())
print(f"{trials} trials of up to {study['search']['epochs']} epochs, per image model")

# %% [markdown]
# To run it on your stack, for each image model:
#
# ```
# python tuning/search.py --space tuning/spaces/colombia.toml \
#     --stack stack.tif --patches patches.gpkg --image-model rgb_terrain_sar -o search_7
# python tuning/report.py search_3 search_5 search_7      # the best of each, as Table 2
# ```
#
# **Reckon first.** On two cores a patch of 128 px costs about 0.04, 0.14 and 0.64 s of training
# with 16, 32 and 64 filters. With 500 patches and 150 epochs one trial at 64 filters takes half a
# day, and 18 of the 54 are of that kind: this is work for a GPU, or for
# `--epochs 20 --max-patches 200` first and the full length for the best few.
#
# The study found, in its real basin:
#
# | image model | bands | filters | learning rate | batch |
# |---|---|---|---|---|
# | rgb | 3 | 64 | 5e-4 | 16 |
# | rgb_terrain | 5 | 64 | 5e-4 | 16 |
# | rgb_terrain_sar | 7 | 32 | 5e-4 | 32 |
#
# ## Try next
#
# - Put `oversample = [1, 3]` into `[grid]`: patches with landslides, more often.
# - Put `image_model = ["rgb", "rgb_terrain", "rgb_terrain_sar"]` there: which bands pay?
# - `objective = "val_recall"`, if a missed slide costs more than a false alarm.
# - Train `best.toml` and put its run in place of `work/run` in [04 transfer](04_transfer.ipynb).
#
# More: [tuning](../docs/tuning.md). Next: [04 transfer](04_transfer.ipynb).
