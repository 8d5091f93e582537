"""How a study is made: which networks, how they learn, what is held out."""

from __future__ import annotations

from dataclasses import dataclass, replace

from keras_landslide.errors import ModelError, SplitError, UnknownNameError
from keras_landslide.options import check_numbers
from keras_landslide.susceptibility_study.folds import KINDS, MOST_FOLDS
from keras_landslide.susceptibility_study.learn import Learning
from keras_landslide.susceptibility_study.peers import PEERS
from keras_landslide.susceptibility_study.sampling import Cutting


@dataclass(frozen=True)
class Held:
    """What is held out: `rows` or `columns` (strips) or `blocks` (squares at random)."""

    kind: str
    folds: int


HELD_OUT = (Held("rows", 5), Held("blocks", 5))
NETWORKS = ("naive", "llr", "nn", "lann", "cnn", "lacnn")
MEANS = {"ensemble": ("lacnn", "random_forest")}
"""Models that are the mean of the log-odds of others: scored where these are, at no cost."""
ALIGNED = ("lann", "lacnn")
PROTOCOLS = ("blocked", "published")
LEAST_WEIGHT = 0.2
"""Channels whose logistic weight is at least this in absolute value are aligned (the study)."""

_STUDY = Cutting(size_px=500, margin_px=64, oversample=5, jitter=False, turn=False)
PUBLISHED: dict[str, Learning] = {
    name: Learning(optimizer, rate, epochs, batch, 1e-3, "plateau", cutting=_STUDY)
    for name, optimizer, rate, epochs, batch in (
        ("naive", "adam", 0.125, 1, 15),
        ("llr", "adam", 0.125, 10, 15),
        ("nn", "adam", 0.125, 10, 13),
        ("lann", "adam", 0.0156, 15, 10),
        ("cnn", "sgd", 0.125, 20, 12),
        ("lacnn", "adam", 0.001, 30, 9),
    )
}
"""Table 1 of Hajimoradlou, Roberti and Poole."""
_PIXELS = Learning(learning_rate=0.05, epochs=10, l2=1e-4, batch_size=4)
_WINDOWS = Learning(
    learning_rate=2e-3,
    epochs=14,
    batch_size=1,
    options={"filters": 8, "levels": 2, "features_to_head": True},
)
BLOCKED: dict[str, Learning] = {
    "naive": _PIXELS,
    "llr": _PIXELS,
    "nn": replace(_PIXELS, learning_rate=0.01),
    "lann": replace(_PIXELS, learning_rate=0.01),
    "cnn": _WINDOWS,
    "lacnn": _WINDOWS,
}
"""Ours: chosen on held-out strips of Kaghan."""


@dataclass(frozen=True)
class StudySettings:
    """A whole study.

    Attributes:
        models: networks to compare.
        peers: whether to run scikit-learn's peers too.
        held: ways of holding out, each scored apart; empty takes the protocol's own: `HELD_OUT`,
            or as published one tenth of the patches, the only way there.
        protocol: `blocked`, every fold in turn and patches for small regions; or `published`, one
            random split of 80/10/10 patches and the study's own numbers.
        bands: stored bands to learn from; None takes all.
        align: channels to align; None takes those of a large logistic weight, fold by fold.
        members: networks in an ensemble, of consecutive seeds; 0 takes the protocol's own, 3 or as
            published 1.
        search_rates: choose optimizer and learning rate of each network by 5-fold cross-validation
            of one epoch, as the study did, within what each fold leaves to learn from.
        epochs: instead of each network's own; None leaves them.
        patch_px: instead of the protocol's; None leaves it.
        margin_px: instead of the protocol's; None leaves it.
        block_px: edge of the blocks of `blocks`; 0 takes the protocol's own, 32 or as published
            the patches.
        buffer_px: ground within so many pixels of a held-out strip is not learnt from. Blocks have
            no buffer: they show what nearness hides.
        map_model: network, peer or ensemble that makes the map; None takes the best on the first
            way of holding out.
        classes: method of `classes.class_limits`.
        seed: of everything.
    """

    models: tuple[str, ...] = NETWORKS
    peers: bool = True
    held: tuple[Held, ...] = ()
    protocol: str = "blocked"
    bands: tuple[str, ...] | None = None
    align: tuple[str, ...] | None = None
    members: int = 0
    search_rates: bool = False
    epochs: int | None = None
    patch_px: int | None = None
    margin_px: int | None = None
    block_px: int = 0
    buffer_px: int = 32
    map_model: str | None = None
    classes: str = "natural_breaks"
    seed: int = 0

    @property
    def trained(self) -> tuple[str, ...]:
        """Networks, and peers if wanted."""
        return (*self.models, *(PEERS if self.peers else ()))

    @property
    def compared(self) -> tuple[str, ...]:
        """Those, and the means of some of them."""
        means = (name for name, parts in MEANS.items() if set(parts) <= set(self.trained))
        return (*self.trained, *means)

    def check(self) -> None:
        """Refuse what cannot be.

        Raises:
            UnknownNameError: a network or protocol is unknown.
            ModelError: a network is named twice, no model is left, or options exclude each other.
            SplitError: what is held out is unknown, or in too few or too many folds.
            OptionError: a number is out of range.
        """
        check_numbers(
            members=self.members or None,
            epochs=self.epochs,
            patch_px=self.patch_px,
            margin_px=self.margin_px,
            block_px=self.block_px or None,
            buffer_px=self.buffer_px,
            seed=self.seed,
        )
        for held in self.held:
            if held.kind not in KINDS:
                raise SplitError(
                    f"`held`: unknown folds '{held.kind}'; choose of: {', '.join(KINDS)}"
                )
            if not 2 <= held.folds <= MOST_FOLDS:
                raise SplitError(
                    f"`held`: {held.folds} fold(s) of {held.kind} cannot be held out; give 2 to "
                    f"{MOST_FOLDS} of them"
                )
        for name in self.models:
            if name not in NETWORKS:
                raise UnknownNameError.among("susceptibility model", name, NETWORKS)
        if len(set(self.models)) != len(self.models):
            raise ModelError(
                f"{', '.join(self.models)}: a network is named twice; name each once in `models`"
            )
        if not self.trained:
            raise ModelError(
                f"no model to compare; name some of {', '.join(NETWORKS)} in `models`, or leave "
                "`peers` in"
            )
        if self.protocol not in PROTOCOLS:
            raise UnknownNameError.among("protocol", self.protocol, PROTOCOLS)
        known = (*NETWORKS, *PEERS, *MEANS)
        if self.map_model and self.map_model not in known:
            raise UnknownNameError.among("susceptibility model", self.map_model, known)
        if self.map_model and self.map_model not in self.compared:
            raise ModelError(
                f"the map is asked of {self.map_model}, which is not among the models "
                f"{', '.join(self.compared)}; add it, or what it is made of, to `models`"
            )
        if self.protocol == "published" and (self.held or self.block_px):
            raise ModelError(
                "the published protocol holds out one tenth of its patches at random and nothing "
                "else; leave out `held` and `block_px`, or take `protocol` blocked"
            )

    def resolved(self) -> StudySettings:
        """The same with the protocol's own numbers where none were given."""
        if self.protocol == "published":
            size = self.learning("lacnn").cutting.size_px
            # Ten folds: one is scored, one is for validation, eight are learnt from.
            return replace(
                self, held=(Held("blocks", 10),), block_px=size, members=self.members or 1
            )
        return replace(
            self,
            held=self.held or HELD_OUT,
            block_px=self.block_px or 32,
            members=self.members or 3,
        )

    def learning(self, name: str) -> Learning:
        """How one network learns."""
        own = (PUBLISHED if self.protocol == "published" else BLOCKED)[name]
        cutting = own.cutting
        if self.patch_px is not None:
            cutting = replace(cutting, size_px=self.patch_px)
        if self.margin_px is not None:
            cutting = replace(cutting, margin_px=self.margin_px)
        epochs = own.epochs if self.epochs is None else self.epochs
        return replace(own, cutting=cutting, epochs=epochs)
