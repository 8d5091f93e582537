# %% [markdown]
# # 4. Transfer: the basin that the network never saw
#
# So far everything happened in `argelia`. The question that matters after a storm is another one:
# *there is an inventory here; what slid over there?* We hand the network over as a **bundle**, run
# it over `liboriana`, get a probability map and polygons, and then, since the data are
# **simulated** and the truth is known, see what transfer costs.

# %%
import json

import matplotlib.pyplot as plt
import numpy as np

import keras_landslide as kl
import walkthrough
from walkthrough import WORK, bands_of, bare, natural, show, table

stacks, run = walkthrough.stacks(), walkthrough.run()

# %% [markdown]
# ## Hand over: the bundle
#
# In the shell: `keras-landslide export work/run -o work/bundle`.

# %%
bundle = kl.export(run, WORK / "bundle").paths["bundle"]
print(*sorted(str(path.relative_to(bundle)) for path in bundle.rglob("*.*")), sep="\n")

# %% [markdown]
# `saved_model` holds the graph with its normalisation: **raw units in, probability out**. It loads
# with plain TensorFlow; who uses it needs neither this package nor Keras. `model.keras` is the same
# network for any Keras backend, such as JAX on a GPU. `bundle.json` is the contract that travels
# with them (long entries are cut short here):

# %%
contract = json.loads((bundle / "bundle.json").read_text())
for key, value in contract.items():
    if key == "bands":
        print('"bands": [', *(f"  {json.dumps(band)}" for band in value), "]", sep="\n")
    elif key != "fingerprint":
        text = json.dumps(value)
        print(f'"{key}": {text if len(text) < 80 else text[:76] + " ..."}')

# %% [markdown]
# Which bands in which order and unit, the pixel size, the threshold chosen on validation, where it
# was trained and which values it saw there. `halo_px` is how far a pixel's surroundings matter:
# windows overlap by it, so the seams of a large scene do not show.
#
# A stack that breaks the contract is refused with one line. Suppose that the radar is missing:

# %%
names = ["red", "green", "blue", "slope", "curvature"]
without_radar = kl.open_stack(stacks["liboriana"]).sel(band=names)
without_radar.attrs["long_name"] = tuple(names)  # the names of the bands in the file
without_radar.rio.to_raster(WORK / "without_radar.tif")
try:
    kl.predict(bundle, WORK / "without_radar.tif", WORK / "nothing")
except kl.LandslideError as error:
    print("error:", error)

# %% [markdown]
# ## Predict
#
# In the shell: `keras-landslide predict work/bundle work/liboriana/stack.tif -o work/map_liboriana
# --minimum-area 1000`. We map both basins, to compare. Polygons below 1000 m² (six pixels) are
# dropped.

# %%
maps = {}
for basin, stack in stacks.items():
    maps[basin] = kl.predict(bundle, stack, WORK / f"map_{basin}", minimum_area_m2=1000)
print(*maps["liboriana"].files, sep="\n")

# %%
picture = kl.figures.probability_map(
    maps["liboriana"]["probability"],
    stacks["liboriana"],
    WORK / "probability_liboriana.png",
    threshold=contract["threshold"],
    title="Landslide probability in liboriana",
)
show(picture, width=800)

# %% [markdown]
# `probability.tif` is a cloud-optimised GeoTIFF on the stack's grid. White: no statement, because a
# band is missing there. That is not the same as "no landslide".
#
# ## The inventory
#
# Connected pixels above the threshold become polygons. `inventory.gpkg` opens in QGIS, styled by
# mean probability. Its largest rows:

# %%
found = maps["liboriana"]
largest = found.inventory.drop(columns="geometry").sort_values("area_m2", ascending=False)[:8]
table(list(largest.columns), largest.values.tolist())
print(f"{found.landslides} landslides, {found.area_m2 / 1e4:.1f} ha together")

# %% [markdown]
# Here are the polygons of one corner, beside those of the (simulated) mapper:

# %%
import geopandas
import rasterio

stack = stacks["liboriana"]
row, col, size = 60, 200, 150
image = np.stack([*bands_of(stack, ("red", "green", "blue", "cloud")).values()], axis=-1)
low, high = np.nanpercentile(image[image[..., 3] == 0][:, :3], [0.5, 99.5], axis=0)
with rasterio.open(stack) as src:
    to_pixel = ~src.transform

fig, axes = plt.subplots(1, 2, figsize=(10, 5.2))
drawn = {"mapped by the network": maps["liboriana"]["inventory"],
         "the truth": stack.with_name("inventory.gpkg")}  # fmt: skip
for ax, (title, path) in zip(axes, drawn.items(), strict=True):
    ax.imshow(natural(image[..., :3], low, high))
    for polygon in geopandas.read_file(path).explode().geometry:
        x, y = to_pixel * np.array(polygon.exterior.coords.xy)
        ax.plot(np.array(x) - 0.5, np.array(y) - 0.5, color="#FFD400", linewidth=1)
    ax.set(xlim=(col, col + size), ylim=(row + size, row), title=title)
bare(axes)
fig.suptitle(f"{size * 12.5 / 1000:.1f} km of liboriana (simulated data)", weight="bold")
fig.tight_layout()
show(fig, width=950)

# %% [markdown]
# **Look at** the bare fields, pink: as bright as a scar, and left alone, because they lie on gentle
# ground. Big slides come out well. Those in the shade (upper left) and under cloud are missed, and
# some sunlit pasture is taken for a slide.
#
# The columns of the table are for work at the desk: a polygon with a high maximum and a low mean
# probability is worth a look by eye; one on a mean slope below 10 degrees is more likely a field;
# a large elevation range over a small area is a long, thin run-out.
#
# ## What was found, what was missed
#
# In the shell: `keras-landslide evaluate --probability work/map_liboriana/probability.tif --stack
# work/liboriana/stack.tif -o work/scores`. In argelia only the **test patches** count; in
# liboriana every surveyed pixel.

# %%
metrics = {}
for basin, stack in stacks.items():
    metrics[basin] = kl.evaluate(
        maps[basin]["probability"],
        stack,
        WORK / f"scores_{basin}",
        patches=walkthrough.patches() if basin == "argelia" else None,
        inventory=stack.with_name("inventory.gpkg"),
        surveyed=stack.with_name("surveyed.gpkg"),
        minimum_area_m2=1000,
    )
show(WORK / "scores_liboriana" / "confusion_map.png", width=850)

# %% [markdown]
# Green was found, orange is a false alarm, blue was missed; the rest is rightly nothing. What do
# the pixels of each colour have in common?

# %%
names = ("red", "ndvi", "slope", "vv_pre", "cloud", "label")
bands = bands_of(stack, names)
probability = maps["liboriana"].probability.sel(band="probability").values
said, so = probability >= contract["threshold"], bands["label"] == 1
counted = np.isfinite(probability) & (bands["label"] != 255)
rows = []
for text, pixels in (
    ("found", said & so),
    ("false alarm", said & ~so),
    ("missed", ~said & so),
    ("rightly nothing", ~said & ~so),
):
    here = pixels & counted
    medians = [float(np.nanmedian(bands[name][here])) for name in names[:4]]
    rows.append([text, int(here.sum()), *medians, f"{(bands['cloud'][here] > 0).mean():.0%}"])
table(["", "pixels", "red", "NDVI", "slope, deg", "VV before, dB", "under cloud or shadow"], rows)

# %% [markdown]
# Medians, and they tell a story. False alarms lie on ground as steep as the landslides, and as
# bright, but greener: sunlit pasture rather than fields in the valley, which the terrain bands have
# ruled out. Missed slides are often under **cloud or shadow**, and dark to the radar: slopes that
# face away from it.
#
# ### The scores

# %%
where = {"argelia": "argelia, test patches", "liboriana": "liboriana, never seen"}
rows = []
for basin, measured in metrics.items():
    for region, values in measured["pixels"].items():
        scores = [values[key] for key in ("precision", "recall", "f1", "tp", "fp", "fn", "tn")]
        rows.append([where[basin], region, *("–" if s is None else s for s in scores)])
table(["simulated data", "pixels", "precision", "recall", "F1", "TP", "FP", "FN", "TN"], rows)
objects = metrics["liboriana"]["objects"]
print(f"By landslide, liboriana: {objects['detected']} of {objects['inventory']} were found,")
print(f"{objects['correct']} of {objects['predicted']} polygons in the surveyed area are true.")

# %% [markdown]
# Read it from top to bottom: the test patches of the basin it learnt in, then the other basin; then
# apart, in the clear and under cloud (the test patches hold hardly any cloud: ignore that line).
# For the test patches, notebook 02 printed nearly the same: there each patch was seen alone, here
# with its surroundings, and pixels in two overlapping patches count once.
#
# ## Why transfer costs
#
# A network knows what it was shown. For each band, how much of each basin lies outside the range
# (1st to 99th percentile) of the training patches? By construction about 2 % of those do.

# %%
band_names = [band["name"] for band in contract["bands"]]
outside = {}
for basin, stack in stacks.items():
    *bands, label = bands_of(stack, (*band_names, "label")).values()
    outside[basin] = []
    for name, values in zip(band_names, bands, strict=True):
        limits = contract["band_ranges"][name]
        known = values[np.isfinite(values) & (label != 255)]
        outside[basin].append(100 * ((known < limits["p01"]) | (known > limits["p99"])).mean())

fig, ax = plt.subplots(figsize=(8, 2.8))
place = np.arange(len(band_names))
for shift, (basin, colour) in enumerate({"argelia": "#56B4E9", "liboriana": "#D55E00"}.items()):
    ax.bar(place + 0.4 * shift - 0.2, outside[basin], 0.38, color=colour, label=basin)
ax.axhline(2, color="#333333", linewidth=0.8, linestyle="--")
ax.set_xticks(place, band_names)
ax.set(ylabel="% of pixels", title="Outside the range of the training patches (simulated data)")
ax.legend(fontsize=8)
show(fig, width=800)

# %% [markdown]
# Liboriana is steeper, hazier and cloudier: much of it looks like nothing in argelia. That is the
# price of transfer, and it can be seen **before** anyone has an inventory of the new basin.
#
# The study met the same. Its abstract speaks of an F1 of about 0.70, which holds where it trained.
# Its own table of counts for the other basin gives 0.45, 0.36 and 0.38:

# %%
reported = kl.reported_rows()
table(
    ["image model", "basin (as the paper prints it)", "precision", "recall", "F1"],
    [[row.image_model, row.basin, row.precision, row.recall, row.f1] for row in reported],
)

# %%
f1 = {basin: measured["pixels"]["all"]["f1"] for basin, measured in metrics.items()}
study = {row.basin.split(" (")[0] + row.image_model: row.f1 for row in reported}
lines = [["this notebook, simulated", "rgb_terrain_sar", f1["argelia"], f1["liboriana"]]]
for model in ("rgb", "rgb_terrain", "rgb_terrain_sar"):
    lines.append(["the study, real basins", model,
                  study[f"La Argelia{model}"], study[f"La Liboriana{model}"]])  # fmt: skip
table(["", "image model", "F1 where it trained", "F1 in the other basin"], lines)

# %% [markdown]
# In the study more bands even made the transfer *worse* (they removed false alarms, and more true
# finds with them). So: whoever reports one figure for a transferred network should be asked for the
# other one. The two lines of a table are all that is comparable here; simulated and real figures
# are not.
#
# ## Your own basin
#
# 1. Collect an optical image, a DEM, two Sentinel-1 scenes; an inventory only where you train.
#    Write a recipe like the one in [01 stack](01_stack.ipynb), **without** `simulated = true`.
# 2. `keras-landslide stack recipe.toml -o stack.tif`, then look at it in QGIS.
# 3. With a bundle trained elsewhere: `keras-landslide predict BUNDLE stack.tif -o map`. Compare
#    the bands with the bundle's ranges, as above, and check polygons by eye before you believe any.
# 4. Better, with an inventory of a part of your basin: map that part, train on it (notebooks 02 and
#    03), predict the rest. Then there is no transfer.
# 5. Do not use the bundle of this notebook on real ground: it has seen nothing but a simulation.
#
# ## Try next
#
# - Train with `image_model = "rgb"`, export, predict, evaluate. Does it transfer better or worse
#   than seven bands, and where?
# - `keras-landslide predict ... --threshold 0.9`: fewer false alarms; at what price?
# - `make demo` does all this on larger basins with all three image models, in under ten minutes.
