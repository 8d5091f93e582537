"""All figures under one name; each writes one PNG and returns its path."""

from keras_landslide.report.result_maps import ConfusionPanel, confusion_map, probability_map
from keras_landslide.report.run_figures import learning_curves, trials_figure
from keras_landslide.report.score_figures import curves_figure, images_figure
from keras_landslide.report.size_figures import frequency_area
from keras_landslide.report.stack_maps import bands_overview, patches_map

__all__ = [
    "ConfusionPanel",
    "bands_overview",
    "confusion_map",
    "curves_figure",
    "frequency_area",
    "images_figure",
    "learning_curves",
    "patches_map",
    "probability_map",
    "trials_figure",
]
