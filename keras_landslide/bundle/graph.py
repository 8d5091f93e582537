"""A SavedModel's graph, looked at before it runs: it computes, and does nothing else.

A graph is a program. TensorFlow has operations that read and write files, start Python and load
datasets; a bundle from somebody else could hold any of them. A segmentation network needs none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keras_landslide.errors import BundleError

FORBIDDEN = re.compile(
    r"ReadFile|WriteFile|MatchingFiles|PyFunc|EagerPyFunc|ImmutableConst|PrintV2?$|Reader"
    r"|RecordDataset|TextLineDataset|(Save|Load|Snapshot)Dataset|InitializeTableFromTextFile"
    r"|WriteSummary|SummaryWriter|SummaryFileWriter|LoadAndRemap|Rpc|CompilationResult"
)
"""Operations that touch files, processes or Python."""
CHECKPOINT = re.compile(r"^(Save|SaveV2|SaveSlices|Restore|RestoreV2|RestoreSlice|MergeV2Check)")
"""Those that read and write weights; they belong to functions that TensorFlow makes for that."""
SAVER = re.compile(r"^__inference__traced_(save|restore)_\d+$")


def check_graph(saved_model: Path) -> None:
    """Refuse a SavedModel whose graph does more than compute.

    Args:
        saved_model: its folder.

    Raises:
        BundleError: it cannot be read, or holds an operation that touches files, processes or
            Python.
    """
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    path = saved_model / "saved_model.pb"
    model = SavedModel()
    try:
        model.ParseFromString(path.read_bytes())
    except (OSError, DecodeError) as error:
        raise BundleError(
            f"{saved_model}: cannot be loaded ({error}); export the run again"
        ) from error
    for graph in (meta.graph_def for meta in model.meta_graphs):
        savers = {each.signature.name for each in graph.library.function}
        savers = {name for name in savers if SAVER.match(name)}
        for where, node in _nodes(graph):
            weights = CHECKPOINT.match(node.op) and where not in savers
            called = where is not None and where not in savers and savers & set(_functions(node))
            if FORBIDDEN.search(node.op) or weights or called:
                raise BundleError(
                    f"{saved_model}: its graph holds the operation {node.op}, which touches files, "
                    "processes or Python; a network needs none, so it is not run"
                )


def _nodes(graph: Any) -> Iterator[tuple[str | None, Any]]:
    """Every node, with the name of the function that it is in; None for the graph itself."""
    yield from ((None, node) for node in graph.node)
    for function in graph.library.function:
        yield from ((function.signature.name, node) for node in function.node_def)


def _functions(node: Any) -> Iterator[str]:
    """The functions that a node calls."""
    for value in node.attr.values():
        if value.func.name:
            yield value.func.name
        yield from (each.name for each in value.list.func)
