# %% [markdown]
# # 2. Train a network
#
# A network learns from examples: small windows of the stack, called **patches**, with their labels.
# Here we cut the patches, set some aside for an honest score, train a small U-Net and choose the
# probability from which we call a pixel a landslide. **All data are simulated** (see
# [01 stack](01_stack.ipynb)); the network is deliberately small, so that this takes a minute.

# %%
import matplotlib.pyplot as plt
import numpy as np

import keras_landslide as kl
import walkthrough
from walkthrough import PATCH_PX, SEED, WORK, bare, natural, show, table

import keras

stack = walkthrough.stacks()["argelia"]

# %% [markdown]
# ## Patches and the split
#
# In the shell: `keras-landslide patches work/argelia/stack.tif --size 32`.
#
# Patches go to three parts. The network learns from **train**. **val** (validation) tells when to
# stop and which threshold to take. **test** is looked at once, at the end.

# %%
patches = kl.make_patches(stack, stack.with_name("patches.gpkg"), size=PATCH_PX, seed=SEED)
print(patches["table"])

# %%
picture = kl.figures.patches_map(
    stack, patches.paths["patches"], WORK / "patches.png", title="Patches of argelia"
)
show(picture, width=800)

# %% [markdown]
# **Look at** the gaps between the colours. Neighbouring patches overlap by half and show the same
# hillside; dealt out at random, the network would be tested on what it has seen, and the score
# would flatter. So whole blocks go to one part, and patches that come too close to another part
# are given up (`buffer`). `patches.gpkg` opens in QGIS with these colours.
#
# ## What the network sees
#
# Six training patches of 400 m: natural colour, slope, curvature, the radar's change, and the
# answer that the network should give.

# %%
config_file = walkthrough.run_config()
config = kl.load_run_config(config_file)
band = {name: number for number, name in enumerate(config.band_names)}


def patches_of(split):
    """Images (N, H, W, C) and labels (N, H, W) of a split, as they are; 255 is unlabelled."""
    plain = config.with_values(data={"augment": False})
    batches = kl.dataset(plain, split)
    parts = [batches[number] for number in range(len(batches))]
    images, labels, known = (np.concatenate(part) for part in zip(*parts, strict=True))
    return images, np.where(known, labels, 255)[..., 0]


train_images, train_labels = patches_of("train")
candidates = np.argsort(-(train_labels == 1).mean(axis=(1, 2)), kind="stable")
chosen = candidates[3:93:15]
low, high = np.nanpercentile(train_images[..., :3], [0.5, 99], axis=(0, 1, 2))


def outline(ax, label, colour="#FFD400"):
    """Draw the border of the landslides."""
    if (label == 1).any():
        ax.contour(label == 1, [0.5], colors=colour, linewidths=1.2)


fig, axes = plt.subplots(5, 6, figsize=(9.5, 8.2))
for column, i in zip(axes.T, chosen, strict=True):
    image, label = train_images[i], train_labels[i]
    column[0].imshow(natural(image[..., :3], low, high))
    column[1].imshow(image[..., band["slope"]], cmap="magma_r", vmin=0, vmax=40)
    column[2].imshow(image[..., band["curvature"]], cmap="RdBu_r", vmin=-0.02, vmax=0.02)
    change = image[..., band["vv_post"]] - image[..., band["vv_pre"]]
    column[3].imshow(change, cmap="PuOr", vmin=-5, vmax=5)
    column[4].imshow(np.where(label == 255, 0.3, label), cmap="Reds", vmin=0, vmax=1)
    for ax in column[:4]:
        outline(ax, label, "#00B0FF" if ax is column[1] else "#FFD400" if ax is column[0] else "k")
rows = ["natural colour", "slope", "curvature", "VV after - before", "label"]
for ax, text in zip(axes[:, 0], rows, strict=True):
    ax.set_ylabel(text, fontsize=9)
bare(axes)
fig.suptitle("Six training patches (simulated data)", weight="bold")
fig.tight_layout()
show(fig, width=900)

# %% [markdown]
# In the label dark red is landslide, pink is 255: nobody looked there, or a band has no value.
# Could you draw the outlines from the four upper rows alone? Then a network may learn it too.
#
# ### More examples for nothing
#
# A landslide seen in a mirror is a landslide. Each time a patch is used, it is turned and mirrored
# in one of eight ways, drawn by lot (and the answer with it). A band that holds directions, such as
# aspect, would have its angles turned as well.


# %%
def transform(image, code):
    """One of the eight symmetries of the square: quarter turns, then those of the mirror image."""
    return np.rot90(image[:, ::-1] if code >= 4 else image, code % 4)


image, label = train_images[chosen[2]], train_labels[chosen[2]]
fig, axes = plt.subplots(1, 8, figsize=(11, 1.7))
for code, ax in enumerate(axes):
    ax.imshow(transform(natural(image[..., :3], low, high), code))
    outline(ax, transform(label, code))
    ax.set_title(f"{'mirrored, ' if code >= 4 else ''}{90 * (code % 4)}°", fontsize=8)
bare(axes)
show(fig)

# %% [markdown]
# ## The run config
#
# Everything that decides the result stands in one text file. The network is the study's U-Net with
# fewer filters; the loss is Dice, which asks how well two areas overlap and so does not drown in
# background; pixels without label do not count.

# %%
print(config_file.read_text().strip())

# %%
model = kl.models.build(config.model.name, (None, None, len(band)), **config.model.options)
mean = np.nanmean(train_images, axis=(0, 1, 2), dtype=float)
std = np.nanstd(train_images, axis=(0, 1, 2), dtype=float)
rows = [[name, float(mean[k]), float(std[k])] for name, k in band.items()]
table(["band", "mean over the training patches", "standard deviation"], rows)
print(f"{model.name}: {model.count_params():,} numbers, nearly all of them to be learnt")

# %% [markdown]
# Slope runs in tens, curvature in thousandths. The network's first layer subtracts each band's mean
# and divides by its spread. That layer is part of the network and travels with it: a user gives raw
# units and need not know. A missing value becomes the mean.
#
# ## Train
#
# In the shell: `keras-landslide train work/run.toml -o work/run`. It keeps every epoch (one pass
# over all training patches); killed at any moment, the same command goes on where it was.

# %%
result = kl.train(config_file, WORK / "run")
run = result.paths["run"]
print(*sorted(path.name for path in run.glob("[!.]*")), sep="\n")

# %%
curves = kl.figures.learning_curves(run / "history.csv", WORK / "curves.png", simulated=True)
show(curves, width=950)

# %% [markdown]
# **Look at** the distance between the two lines. Training keeps getting better; validation follows
# for a while and then wavers. If it turned down for good, the network would be learning its patches
# by heart. The weights of the best validation epoch (dashed) are kept. Validation jumps because it
# is small: a few dozen patches with a handful of large slides.
#
# TensorBoard shows the same while it runs: `tensorboard --logdir notebooks/work/run/logs`.
#
# ## From probability to decision
#
# The network gives each pixel a number between 0 and 1. From which on is it a landslide? 0.5 has no
# special right. We take the threshold with the best F1 on **validation**, never on test.
#
# - **precision**: of what we call landslide, how much is?
# - **recall**: of what is landslide, how much do we call so?
# - **F1** combines both: 2 P R / (P + R), 1 is perfect.

# %%
trained = keras.models.load_model(run / "model.keras", compile=False)


def predict(split):
    """Images, labels and probabilities of a split, in order."""
    images, labels = patches_of(split)
    return images, labels, trained.predict(images, verbose=0)[..., 0]


images, labels, probability = predict("val")
thresholds = np.linspace(0.01, 0.99, 99)
curves = {"precision": [], "recall": [], "F1": []}
for threshold in thresholds:
    said, so = probability[labels != 255] >= threshold, labels[labels != 255] == 1
    tp, fp, fn = (said & so).sum(), (said & ~so).sum(), (~said & so).sum()
    curves["precision"].append(tp / (tp + fp) if tp + fp else np.nan)
    curves["recall"].append(tp / (tp + fn))
    curves["F1"].append(2 * tp / (2 * tp + fp + fn))

fig, ax = plt.subplots(figsize=(7, 3))
for (name, values), style in zip(curves.items(), (":", "--", "-"), strict=True):
    ax.plot(thresholds, values, style, color="#D55E00", label=name)
ax.axvline(result["threshold"], color="#333333", linewidth=0.8)
ax.text(result["threshold"], 1.01, f" chosen: {result['threshold']:.3f}", fontsize=8)
ax.set(xlabel="threshold", ylim=(0, 1.08), title="Validation (simulated data)")
ax.legend(fontsize=8, loc="lower center", ncols=3)
show(fig, width=700)

# %% [markdown]
# A low threshold finds more and cries wolf more often. F1 hardly changes over most of the range: a
# network trained with Dice is sure of itself and says little between 0 and 1. Its output ranks
# pixels; a probability that one may take at its word it is not.
#
# ## The score

# %%
rows = [
    [split, *(result[split][key] for key in ("precision", "recall", "f1", "iou"))]
    for split in ("train", "val", "test")
]
table(["split", "precision", "recall", "F1", "IoU"], rows)

# %% [markdown]
# **Trust the last line**: patches that played no part in training or choosing, from another part of
# the basin. That train scores best is normal. Val flatters a little, since the epoch and the
# threshold were chosen on it. With so few patches each figure has a wide error: try other seeds.
#
# What does it look like? Test patches, best first by what there was to find:

# %%
images, labels, probability = predict("test")
order = np.argsort(-(labels == 1).sum(axis=(1, 2)), kind="stable")[1:24:4]
fig, axes = plt.subplots(3, len(order), figsize=(9.5, 5))
for column, i in zip(axes.T, order, strict=True):
    column[0].imshow(natural(images[i, ..., :3], low, high))
    column[1].imshow(np.where(labels[i] == 255, 0.3, labels[i]), cmap="Reds", vmin=0, vmax=1)
    column[2].imshow(probability[i], cmap="inferno", vmin=0, vmax=1)
    outline(column[2], labels[i], "#00E5FF")
for ax, text in zip(axes[:, 0], ["natural colour", "label", "probability"], strict=True):
    ax.set_ylabel(text, fontsize=9)
bare(axes)
fig.suptitle("Test patches (simulated data); blue: outline of the label", weight="bold")
fig.tight_layout()
show(fig, width=900)

# %% [markdown]
# **Look at** where it fails: thin slides of one or two pixels, slides that have grown over (no
# bright scar), and borders, where a pixel more or less is a matter of the mapper's hand as well.
#
# ## Try next
#
# Each is a change of one line in `work/run.toml`, or of one option; give another `-o`.
#
# - `image_model = "rgb"`: three bands instead of seven. Keep the bundle for
#   [04 transfer](04_transfer.ipynb) and compare there, in the *other* basin.
# - `augment = false`: how much do the eight symmetries bring?
# - `keras-landslide patches ... --split-kind random`: watch the score rise, and do not believe it.
# - `filters = 16` and `epochs = 60`: what more time buys.
# - Which networks there are: `keras-landslide models`.
#
# Next: [03 tune](03_tune.ipynb).
