# %% [markdown]
# # 1. From rasters to a stack
#
# These four notebooks lead through the whole path once, on small data, in a few minutes:
#
# | notebook | question |
# |---|---|
# | **01 stack** | how do images, terrain and radar of a basin get onto one grid? |
# | [02 train](02_train.ipynb) | how does a network learn landslides from it? |
# | [03 tune](03_tune.ipynb) | how are its settings chosen? |
# | [04 transfer](04_transfer.ipynb) | what does it find in a basin that it never saw? |
#
# You need a little Python and no knowledge of neural networks. Run them in order or one alone: each
# makes what it lacks, in the folder `work` beside it. Delete that folder to start again. To try
# them yourself: `.venv/bin/pip install jupyterlab`, then `.venv/bin/jupyter lab notebooks` (after
# `make setup`), or any editor that runs notebooks, with the Python of `.venv`.
#
# **The data are simulated.** Two basins, `argelia` and `liboriana`, are made by a seeded generator;
# they borrow names and places from the study that we follow (Vega and Hidalgo, on U-Net transfer
# in the Colombian mountains), and nothing else. No figure below says anything about a real basin.

# %%
import matplotlib.pyplot as plt
import numpy as np
import rasterio
from matplotlib.colors import ListedColormap
from rasterio.warp import transform_geom

import keras_landslide as kl
from walkthrough import WORK, bands_of, bare, basins, natural, show, table

# %% [markdown]
# ## What we start from
#
# In the shell: `keras-landslide simulate work --size 384`. A basin is a folder with the files that
# you would collect for a real one.

# %%
folder = basins()["argelia"]
rasters = ["optical.tif", "dem.tif", "sar_pre.tif", "sar_post.tif", "cloud.tif"]
rows = []
for name in rasters:
    with rasterio.open(folder / name) as src:
        unit = "m" if src.crs.is_projected else "degrees"
        rows.append(
            [name, src.count, f"EPSG:{src.crs.to_epsg()}", f"{src.height} x {src.width}",
             f"{src.res[0]:.4g} {unit}", src.dtypes[0], f"{src.nodata:g}"]
        )  # fmt: skip
table(["file", "bands", "CRS", "pixels", "pixel size", "stored as", "nodata"], rows)

# %% [markdown]
# Three coordinate systems and four pixel sizes, numbers stored as integers, holes with a different
# nodata value each: that is how real data arrive. Below, each raster is drawn in its **own**
# coordinates. The orange outline is always the same ground, the extent of the optical image.

# %%
with rasterio.open(folder / "optical.tif") as src:
    b, optical_crs = src.bounds, src.crs
corners = [(b.left, b.bottom), (b.right, b.bottom), (b.right, b.top), (b.left, b.top)]
outline = {"type": "Polygon", "coordinates": [[*corners, corners[0]]]}

fig, axes = plt.subplots(1, 3, figsize=(12, 4.2))
titles = ["optical image", "elevation", "radar VV before the storm"]
for ax, name, title in zip(axes, ["optical.tif", "dem.tif", "sar_pre.tif"], titles, strict=True):
    with rasterio.open(folder / name) as src:
        values = src.read(masked=True).astype("float32").filled(np.nan)
        extent = (src.bounds.left, src.bounds.right, src.bounds.bottom, src.bounds.top)
        shape = transform_geom(optical_crs, src.crs, outline)
        code = f"EPSG:{src.crs.to_epsg()}"
        unit = "m" if src.crs.is_projected else "degrees"
    if name == "optical.tif":
        rgb = np.moveaxis(values[:3], 0, -1)
        low, high = np.nanpercentile(rgb, [0.5, 99.5], axis=(0, 1))
        ax.imshow(natural(rgb, low, high), extent=extent)
    elif name == "dem.tif":
        ax.imshow(values[0], extent=extent, cmap="gist_earth", aspect="auto")
    else:
        decibels = 10 * np.log10(values[0])
        ax.imshow(decibels, extent=extent, cmap="gray", vmin=-18, vmax=0)
    x, y = np.array(shape["coordinates"][0]).T[:2]
    ax.plot(x, y, color="#E69F00", linewidth=2)
    ax.set_title(f"{title}\n{code}, {unit}", fontsize=10)
    ax.ticklabel_format(useOffset=False, style="plain")
    ax.tick_params(labelsize=7)
    ax.xaxis.set_major_locator(plt.MaxNLocator(3))
    ax.yaxis.set_major_locator(plt.MaxNLocator(4))
fig.suptitle("Simulated basin argelia: three rasters, three coordinate systems", weight="bold")
fig.tight_layout()
show(fig)

# %% [markdown]
# A network takes a pixel's numbers as they come, so pixel (100, 200) has to be the same piece of
# ground in every band. Bringing that about is what **stacking** means.
#
# ## The recipe
#
# A scene recipe says which file plays which role, in which units, and on which grid they meet. It
# is a text file (TOML); for your own basin this is the only thing to write.

# %%
print((folder / "recipe.toml").read_text().strip())

# %% [markdown]
# - `scale` turns stored integers into reflectance between 0 and 1.
# - `[dem]` asks for slope and curvature. They are computed at the DEM's own resolution, in metres
#   (this DEM is in degrees, so it is projected first), and only then moved to the grid: derivatives
#   of a resampled DEM would show its steps.
# - `[[sar]]` turns linear power into decibels, after warping: a mean of powers is a power, a mean
#   of decibels is not.
# - `[inventory]` becomes the band `label`; outside `surveyed` nobody has looked, and the label says
#   so.
#
# ## Stack
#
# In the shell: `keras-landslide stack work/argelia/recipe.toml -o work/argelia/stack.tif`.
# Each line it prints is a band: name, unit, and where it comes from.

# %%
built = kl.stack(folder / "recipe.toml", folder / "stack.tif")
path = built["stack"]
for band in built["bands"]:
    print(f"{band['name']:<18} {band['unit']:<12} {band['source']}: {band['derivation']}")

# %% [markdown]
# Warped once, window by window, so memory does not grow with the scene; a killed run goes on
# when the same command is given again. Here is all of it:

# %%
show(kl.figures.bands_overview(path, WORK / "bands_argelia.png", title="All bands of argelia"))

# %% [markdown]
# **Look at** how the valleys of the elevation run through the slope and the curvature, and how the
# town (white specks in natural colour, right of the middle) shines in the radar bands: now they
# are aligned. White holes are missing values (NaN): the edge of the optical swath, a void in the
# DEM, radar layover. The network will leave those pixels out.
#
# ### The file explains itself
#
# `stack.tif` is an ordinary GeoTIFF: open it in QGIS, or ask `gdalinfo stack.tif` or
# `rio info stack.tif`. Names, units and derivation travel with the bands, the recipe with the file.

# %%
from osgeo import gdal

gdal.UseExceptions()
description = gdal.Info(str(path))
head, *bands = description.split("\nBand ")
wanted = ("Driver", "Files", "Size", "Origin", "Pixel Size", "  SIMULATED")
print(*[line for line in head.splitlines() if line.startswith(wanted)], sep="\n")
for band in (bands[6], bands[7], bands[-1]):
    print("Band", band.strip())

# %% [markdown]
# ## Slope and curvature, with a pencil
#
# Nine elevations, 10 m apart: a plane that rises 5 m per cell to the east, and a single knob.

# %%
plane = np.array([[0, 5, 10], [0, 5, 10], [0, 5, 10]], "float32")
knob = np.array([[10, 11, 10], [11, 14, 11], [10, 11, 10]], "float32")
for name, z in (("plane", plane), ("knob ", knob)):
    slope, bend = kl.slope_deg(z, 10)[1, 1], kl.curvature(z, 10)[1, 1] + 0.0
    print(f"{name}: slope {slope:5.2f} deg, curvature {bend:.3f} 1/m")

# %% [markdown]
# - The plane rises 5 m in 10 m: slope arctan(0.5) = 26.57 degrees. It is not bent: curvature 0.
# - The knob is level at its top: slope 0. Its neighbours lie 3 m lower, so with Zevenbergen and
#   Thorne's coefficients D = E = (11 - 14) / 10^2 = -0.03 and the curvature is
#   -2 (D + E) = 0.12 per metre. **Positive is convex (ridges), negative is concave (hollows).**
#   ArcGIS multiplies by 100; the recipe has `curvature_factor` for that.
#
# Why these two? Shallow landslides start where the ground is steep enough to slide, and often in
# hollows, where water and soil gather. Along one line through the basin:

# %%
names = ("red", "green", "blue", "elevation", "slope", "curvature", "ndvi", "label")
image = bands_of(path, names)
label = image["label"]
line = int((label == 1)[50:-50].sum(axis=1).argmax()) + 50
km = np.arange(label.shape[1]) * 12.5 / 1000

fig, axes = plt.subplots(3, 1, figsize=(10, 5.2), sharex=True, height_ratios=[2, 1, 1])
floor = np.nanmin(image["elevation"][line]) - 20
axes[0].fill_between(km, image["elevation"][line], floor, color="#D9C9A8")
axes[0].set_ylim(floor)
axes[1].plot(km, image["slope"][line], color="#7A0177", linewidth=1)
axes[2].fill_between(km, image["curvature"][line].clip(0), color="#B2182B", label="convex")
axes[2].fill_between(km, image["curvature"][line].clip(max=0), color="#2166AC", label="concave")
axes[2].legend(fontsize=7, loc="upper right", ncols=2)
for ax, text in zip(axes, ["elevation, m", "slope, deg", "curvature, 1/m"], strict=True):
    inside = label[line] == 1
    ax.fill_between(km, 0, 1, where=inside, transform=ax.get_xaxis_transform(),
                    color="#E69F00", alpha=0.6, linewidth=0)  # fmt: skip
    ax.set_ylabel(text, fontsize=8)
    ax.margins(x=0)
axes[0].set_title("A line from west to east (orange: landslide; simulated data)", fontsize=10)
axes[2].set_xlabel("km")
fig.tight_layout()
show(fig, width=900)

# %% [markdown]
# ## The label
#
# Polygons become pixels: a pixel is landslide if its centre lies in a polygon. Three values occur:

# %%
meaning = {0: "background", 1: "landslide", 255: "unlabelled: nobody looked here"}
rows = [[v, text, int((label == v).sum()), f"{(label == v).mean():.1%}"]
        for v, text in meaning.items()]  # fmt: skip
table(["label", "meaning", "pixels", "share"], rows)

# %% [markdown]
# Two things to remember. Landslides are a few percent of the pixels: a network that says "nothing
# anywhere" is right nearly always, so **accuracy is useless** and we shall speak of precision,
# recall and F1. And 255 is **not background**: it carries no loss and no score.

# %%
import geopandas

with rasterio.open(path) as src:
    to_pixel = ~src.transform
polygons = geopandas.read_file(folder / "inventory.gpkg").explode().geometry
rgb = np.dstack([image[name] for name in ("red", "green", "blue")])
low, high = np.nanpercentile(rgb, [0.5, 99.5], axis=(0, 1))
density = np.add.reduceat(np.add.reduceat(label == 1, range(0, 384, 96), 0), range(0, 384, 96), 1)
row, col = (96 * int(i) for i in np.unravel_index(density.argmax(), density.shape))

fig, axes = plt.subplots(1, 2, figsize=(10, 5))
axes[0].imshow(natural(rgb, low, high))
for polygon in polygons:
    x, y = to_pixel * np.array(polygon.exterior.coords.xy)
    axes[0].plot(np.array(x) - 0.5, np.array(y) - 0.5, color="#FFD400", linewidth=1.2)
colours = {0: "#F2F2F2", 1: "#C1272D", 255: "#9A9A9A"}
axes[1].imshow(np.searchsorted(list(colours), label), cmap=ListedColormap(list(colours.values())))
for value, colour in colours.items():
    axes[1].plot([], [], "s", color=colour, markeredgecolor="#555555", label=str(value))
axes[1].legend(loc="upper left", fontsize=8, framealpha=1)
for ax, title in zip(axes, ["inventory over natural colour", "label"], strict=True):
    ax.set(xlim=(col - 0.5, col + 95.5), ylim=(row + 95.5, row - 0.5), title=title)
bare(axes)
fig.suptitle("1.2 km of argelia (simulated data)", weight="bold")
fig.tight_layout()
show(fig, width=900)

# %% [markdown]
# Not every bright patch is a landslide (fields, roads and river bars are bright too), and not
# every landslide is bright (some have grown over). That is what makes the task worth a network.
#
# ## Can the bands tell landslides apart?
#
# Before training anything, compare the values on landslides with those elsewhere. Where the two
# curves lie on each other, the band alone says nothing.

# %%
vv = np.stack([*bands_of(path, ("vv_pre", "vv_post")).values()], axis=-1)
compared = {
    "red, reflectance": image["red"],
    "ndvi": image["ndvi"],
    "slope, deg": image["slope"],
    "curvature, 1/m": image["curvature"],
    "VV after - before, dB": vv[..., 1] - vv[..., 0],
}
fig, axes = plt.subplots(1, 5, figsize=(13, 2.6))
for ax, (title, values) in zip(axes, compared.items(), strict=True):
    known = np.isfinite(values)
    bins = np.linspace(*np.percentile(values[known], [0.5, 99.5]), 40)
    for value, colour, text in ((0, "#777777", "background"), (1, "#C1272D", "landslide")):
        ax.hist(values[known & (label == value)], bins, density=True, color=colour,
                histtype="step", linewidth=1.5, label=text)  # fmt: skip
    ax.set_title(title, fontsize=9)
    ax.set_yticks([])
    ax.tick_params(labelsize=7)
axes[0].legend(fontsize=7)
fig.suptitle("Landslide and background, band by band (simulated data)", weight="bold", y=1.04)
show(fig)

# %% [markdown]
# NDVI says most: slides strip the vegetation. But so do fields, roads and the town, the small grey
# bump on the left, and there is 28 times as much background as landslide: where the curves overlap
# even a little, false alarms win. Slope and curvature help exactly there, since fields lie on
# gentle ground and slides in steep hollows. The change in VV says least, alone and pixel by pixel:
# speckle hides it; but it sees through cloud. A network weighs all bands **and the shape of what
# lies around a pixel**, which no threshold can.
#
# ## The second basin
#
# `liboriana` is stacked the same way. It is steeper, more wooded, hazier and partly under cloud;
# its DEM and radar come in other coordinate systems than argelia's. The recipe takes care of that.

# %%
from walkthrough import stacks

other = stacks()["liboriana"]
show(kl.figures.bands_overview(other, WORK / "bands_liboriana.png", title="All bands of liboriana"))

# %% [markdown]
# ## Try next
#
# - In the recipe, set `resolution = 25` or `derive = ["elevation", "slope", "aspect"]`, stack to
#   another file and compare.
# - Add `speckle = "lee"` to both `[[sar]]` entries and look at the last histogram again.
# - Write a recipe for rasters of your own: [formats](../docs/formats.md) lists every key, and
#   [data_prep/recipes](../data_prep/recipes) holds recipes for real data.
# - How the basins are made, law by law: [simulated basins](../docs/simulated_basins.md).
#
# Next: [02 train](02_train.ipynb).
