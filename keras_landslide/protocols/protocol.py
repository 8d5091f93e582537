"""A paper's protocol, from its TOML file: data, models, training, tables, and the quick form."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from importlib import resources
from typing import Any

from keras_landslide.config import TrainingConfig
from keras_landslide.errors import RecipeError, UnknownNameError
from keras_landslide.protocols.entries import Column, Entry, Table
from keras_landslide.toml_files import check_keys

NAMES = ("mu_net", "colombia", "scdnn", "lacnn", "msasnet")
PRESETS = ("best_l4s", "best_bijie")
QUICK_KEYS = ("options", "training", "data", "folds", "chips")
KINDS = ("chips", "basins", "mixed")


@dataclass(frozen=True)
class Protocol:
    """What a paper did, as far as it says, and how we read the rest.

    Attributes:
        name: key.
        paper: key of the papers in the catalogue of networks; empty for presets of our own.
        title: one line.
        data: `kind` and what the kind needs.
        training: settings that all models share.
        models: in the order of the paper's tables.
        tables: of the paper.
        readings: what the paper leaves open and how it was read.
        remarks: where the paper's words and numbers do not agree.
        figures: which figures are drawn, and the paper's number of each.
        tables_from: where the reported numbers are from.
        quick: whether this is the scaled-down form.
        folds: cross-validation over so many folds; 0 takes the split.
        chips: at most so many chips; 0 takes all.
    """

    name: str
    paper: str
    title: str
    data: Mapping[str, Any]
    training: TrainingConfig
    models: tuple[Entry, ...]
    tables: tuple[Table, ...]
    readings: tuple[str, ...]
    remarks: tuple[str, ...]
    figures: Mapping[str, str]
    tables_from: str = ""
    quick: bool = False
    folds: int = 0
    chips: int = 0

    def model(self, label: str) -> Entry:
        """The model of that label.

        Raises:
            UnknownNameError: listing the labels.
        """
        for entry in self.models:
            if entry.label == label:
                return entry
        raise UnknownNameError.among("model of the protocol", label, [m.label for m in self.models])

    def training_of(self, entry: Entry, seed: int) -> TrainingConfig:
        """Training of one model with one seed."""
        return replace(self.training, **entry.training, seed=seed)


def load_protocol(name: str, *, quick: bool = False) -> Protocol:
    """The protocol of that name.

    Args:
        name: one of `NAMES` or `PRESETS`.
        quick: the scaled-down form: narrower networks, fewer epochs, smaller chips.

    Raises:
        UnknownNameError: listing the choices.
    """
    if name not in (*NAMES, *PRESETS):
        raise UnknownNameError.among("protocol", name, (*NAMES, *PRESETS))
    return read_protocol(name, _raw(name), quick=quick)


def read_protocol(name: str, raw: Mapping[str, Any], *, quick: bool = False) -> Protocol:
    """Build a protocol from the tables of its file.

    Raises:
        RecipeError: a key is unknown, or one is missing.
    """
    where = f"protocol {name}"
    known = {f.name for f in fields(Protocol)} - {"name"}
    check_keys(raw, sorted(known), where)
    try:
        scaled = raw.get("quick", {}) if quick else {}
        check_keys(raw.get("quick", {}), QUICK_KEYS, f"{where}: [quick]")
        entries = [_entry(table, scaled, quick, where) for table in raw["models"]]
        training = TrainingConfig(**{**raw["training"], **scaled.get("training", {})})
        protocol = Protocol(
            name=name,
            paper=raw.get("paper", ""),
            title=raw["title"],
            data={**raw["data"], **_scaled_data(raw["data"], scaled)},
            training=training,
            models=tuple(entries),
            tables=tuple(_table(table, where) for table in raw.get("tables", [])),
            readings=tuple(raw.get("readings", [])),
            remarks=tuple(raw.get("remarks", [])),
            figures=raw.get("figures", {}),
            tables_from=raw.get("tables_from", ""),
            quick=quick,
            folds=scaled.get("folds", raw.get("folds", 0)),
            chips=scaled.get("chips", raw.get("chips", 0)),
        )
    except (KeyError, TypeError) as error:
        raise RecipeError(f"{where}: {error}") from error
    if protocol.data.get("kind") not in KINDS:
        raise RecipeError(f"{where}: [data] kind should be one of {', '.join(KINDS)}")
    return protocol


@cache
def _raw(name: str) -> dict[str, Any]:
    text = resources.files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _scaled_data(data: Mapping[str, Any], scaled: Mapping[str, Any]) -> dict[str, Any]:
    """Quick values of [data]; `size` of chips is an option of their source."""
    quick = dict(scaled.get("data", {}))
    if data["kind"] == "chips" and "size" in quick:
        quick["options"] = {**data.get("options", {}), "size": quick.pop("size")}
    return quick


def _entry(table: Mapping[str, Any], scaled: Mapping[str, Any], quick: bool, where: str) -> Entry:
    check_keys(table, [f.name for f in fields(Entry)], f"{where}: [[models]]")
    entry = Entry(**{**table, "ensemble": tuple(table.get("ensemble", ()))})
    if not quick or not entry.name:
        return entry
    options = {**entry.options, **(entry.quick or scaled.get("options", {}))}
    # One number for all would undo what each model's own training is about, but for how long.
    training = {
        key: min(value, scaled.get("training", {}).get(key, value)) if key == "epochs" else value
        for key, value in entry.training.items()
    }
    if entry.name in _WITHOUT_WIDTH:
        options = {key: value for key, value in options.items() if key != "filters"}
    return replace(entry, options=options, training=training)


_WITHOUT_WIDTH = ("naive", "llr")


def _table(table: Mapping[str, Any], where: str) -> Table:
    check_keys(table, [f.name for f in fields(Table)], f"{where}: [[tables]]")
    columns = tuple(Column(**column) for column in table["columns"])
    return Table(**{**table, "columns": columns})


def folder_name(label: str) -> str:
    """A model's label as the name of a folder."""
    kept = "".join(c if c.isalnum() else "-" for c in label.lower())
    return "-".join(part for part in kept.split("-") if part)
