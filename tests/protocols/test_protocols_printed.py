"""The papers' printed numbers: complete, and held against their own definitions."""

import csv
import io
from pathlib import Path

import pytest

from keras_landslide.counts import Scores
from keras_landslide.errors import RecipeError, UnknownNameError
from keras_landslide.models.registry import options
from keras_landslide.protocols.printed import (
    IMPOSSIBLE,
    MEANS,
    POOLED,
    f1_verdict,
    inconsistencies,
    iou_of_f1,
    read_csv,
    reported_values,
)
from keras_landslide.protocols.protocol import NAMES, PRESETS, load_protocol, read_protocol
from keras_landslide.susceptibility_study.settings import PUBLISHED

# Worked out by hand from the printed precision and recall: harmonic mean, and mean of the two.
VERDICTS = {
    "Bijie": {
        "U-Net": MEANS,
        "U-Net+channel attention": MEANS,
        "U-Net+CBAM": MEANS,
        "U-Net+PSP": MEANS,
        "MsASNet": MEANS,
    },
    "Chongqing": {
        "FCN": IMPOSSIBLE,
        "SegNet": MEANS,
        "LDLAIM": MEANS,
        "PSPNet": MEANS,
        "ResU-Net-OBIA": MEANS,
        "DRs-UNet": IMPOSSIBLE,
        "MsASNet": IMPOSSIBLE,
    },
    "Tianshui": {
        "FCN": IMPOSSIBLE,
        "SegNet": IMPOSSIBLE,
        "LDLAIM": IMPOSSIBLE,
        "PSPNet": IMPOSSIBLE,
        "ResU-Net-OBIA": MEANS,
        "DRs-UNet": IMPOSSIBLE,
        "MsASNet": MEANS,
    },
}


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("name", [*NAMES, *PRESETS])
def test_protocols_load_and_name_real_options(name, quick):
    protocol = load_protocol(name, quick=quick)
    labels = [entry.label for entry in protocol.models]
    assert len(set(labels)) == len(labels)
    for entry in protocol.models:
        if entry.ensemble:
            assert set(entry.ensemble) <= set(labels)
            continue
        assert set(entry.options) <= set(options(entry.name)), entry.label
        protocol.training_of(entry, seed=3)
    for table in protocol.tables:
        for label in reported_values(table):
            assert label in labels, f"{name}: the table prints {label}, which is not run"


def test_published_training():
    mu_net = load_protocol("mu_net").training
    assert (mu_net.learning_rate, mu_net.epochs, mu_net.patience) == (1e-3, 30, 5)
    assert (mu_net.plateau_patience, mu_net.plateau_factor, mu_net.loss) == (2, 0.5, "bce_dice")
    zhou = load_protocol("msasnet").training
    assert (zhou.optimizer, zhou.learning_rate, zhou.batch_size, zhou.epochs) == (
        "sgd",
        1e-4,
        8,
        200,
    )
    lacnn = load_protocol("lacnn")
    cnn = lacnn.training_of(lacnn.model("CNN"), 0)
    assert (cnn.optimizer, cnn.learning_rate, cnn.epochs, cnn.batch_size) == ("sgd", 0.125, 20, 12)
    assert cnn.weight_decay == 1e-3
    printed = {row["model"]: row for row in read_csv("lacnn_table1.csv")}
    for entry in lacnn.models[1:]:
        training, row = lacnn.training_of(entry, 0), printed[entry.label]
        assert training.learning_rate == pytest.approx(
            float(row["learning_rate_reported"]), rel=0.03
        )
        assert (training.epochs, training.batch_size) == (
            int(row["epochs"]),
            int(row["batch_size"]),
        )
        assert training.optimizer == row["optimizer"].lower()
        # `susceptibility --protocol published` is the same study on another kind of stack.
        there = PUBLISHED[entry.name]
        assert there.learning_rate == pytest.approx(training.learning_rate, rel=0.03)
        assert (there.optimizer, there.epochs, there.batch_size) == (
            training.optimizer, training.epochs, training.batch_size,
        )  # fmt: skip
    best = {row["image_model"]: row for row in read_csv("colombia_table2.csv")}
    colombia = load_protocol("colombia")
    for entry in colombia.models:
        training, row = colombia.training_of(entry, 0), best[entry.label]
        assert entry.options["filters"] == int(row["filters"])
        assert training.learning_rate == float(row["learning_rate"])
        assert training.batch_size == int(row["batch_size"])


def test_verdicts_on_the_f1_of_zhou():
    tables = {table.source: table for table in load_protocol("msasnet").tables}
    for source, table in tables.items():
        place = source.partition("(")[2].rstrip(")")
        for label, row in reported_values(table).items():
            found = f1_verdict(row["image_precision"], row["image_recall"], row["image_f1"])
            assert found == VERDICTS[place][label], (place, label)


def test_verdict_by_hand():
    assert f1_verdict(0.5, 0.5, 0.5) == POOLED
    assert f1_verdict(0.9, 0.3, 0.45) == POOLED
    assert f1_verdict(0.9, 0.3, 0.42) == MEANS
    assert f1_verdict(0.9, 0.3, 0.61) == IMPOSSIBLE
    assert f1_verdict(0.0, 0.0, 0.0) == POOLED


def test_mu_net_mean_iou_is_the_landslides():
    table = load_protocol("mu_net").tables[0]
    for row in reported_values(table).values():
        assert row["iou"] == pytest.approx(iou_of_f1(row["f1"]), abs=2e-4)
        # From accuracy, precision and recall follows the prevalence, and from it all the rest.
        p, r, error = row["precision"], row["recall"], 1 - row["accuracy"]
        prevalence = error / (1 - r + r * (1 - p) / p)
        assert prevalence == pytest.approx(0.0189, abs=1e-4)
        n = 1e9
        tp = round(n * prevalence * r)
        fn, fp = round(n * prevalence) - tp, round(tp * (1 - p) / p)
        scores = Scores(tp, fp, fn, round(n) - tp - fn - fp)
        assert scores.kappa == pytest.approx(row["kappa"], abs=5e-4)
        assert scores.mean_iou > row["iou"] + 0.2
    (sentence,) = inconsistencies(load_protocol("mu_net"))
    assert "U-Net, MU-Net, ResU-Net and ResMU-Net equals F1 / (2 - F1)" in sentence


def test_colombia_scores_follow_from_counts():
    transfer = reported_values(load_protocol("colombia").tables[1])
    assert [round(row["f1"], 4) for row in transfer.values()] == [0.4453, 0.3611, 0.3776]
    assert [round(row["iou"], 4) for row in transfer.values()] == [0.2864, 0.2203, 0.2328]
    for row in read_csv("colombia_table4.csv"):
        assert sum(int(row[key]) for key in ("tp", "fp", "fn", "tn")) == 42_833


def test_scdnn_means_are_means_of_the_classes():
    overall, classes = (reported_values(t) for t in load_protocol("scdnn").tables)
    for label, row in overall.items():
        each = classes[label]
        mean = (each["iou"] + each["background_iou"]) / 2
        assert row["mean_iou"] == pytest.approx(mean, abs=1e-4)
        assert row["mean_accuracy"] == pytest.approx(
            (each["recall"] + each["specificity"]) / 2, abs=1e-4
        )


def test_every_file_is_named_by_a_protocol_or_described():
    folder = Path(__file__).parents[2] / "keras_landslide" / "protocols" / "reported"
    for path in folder.glob("*.csv"):
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
        assert rows, path.name
        protocol = path.stem.partition("_")[0]
        assert path.stem == "datasets" or any(n.startswith(protocol) for n in NAMES), path.name


def test_wrong_names_and_keys():
    with pytest.raises(UnknownNameError, match="choose one of: mu_net, colombia"):
        load_protocol("unet")
    with pytest.raises(UnknownNameError, match="choose one of: U-Net"):
        load_protocol("mu_net").model("V-Net")
    with pytest.raises(RecipeError, match="unknown key 'modles'"):
        read_protocol("own", {"modles": []})
    with pytest.raises(RecipeError, match="kind should be one of"):
        read_protocol("own", {"title": "", "data": {"kind": "x"}, "training": {}, "models": []})
