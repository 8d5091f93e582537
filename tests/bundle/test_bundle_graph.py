"""Graphs that do more than compute are not run."""

import numpy as np
import pytest

from keras_landslide.bundle.graph import check_graph
from keras_landslide.bundle.write import write_network
from keras_landslide.errors import BundleError

tf = pytest.importorskip("tensorflow")


def saved(folder, answer):
    """A SavedModel whose signature answers as `answer` does."""
    module = tf.Module()
    module.weight = tf.Variable(1.0)
    spec = tf.TensorSpec((None, None, None, 2), tf.float32, name="images")
    module.serve = tf.function(answer, input_signature=[spec])
    tf.saved_model.save(module, str(folder), signatures={"serve": module.serve})
    return folder


def plain(images):
    return {"output": tf.sigmoid(tf.reduce_sum(images, -1, keepdims=True))}


def reads(images):
    size = tf.strings.length(tf.io.read_file("/etc/hostname"))
    return {"output": plain(images)["output"] + 0.0 * tf.cast(size, tf.float32)}


def writes(images):
    tf.io.write_file("/tmp/never-written-by-a-test", "x")
    return plain(images)


def prints(images):
    tf.print("x", output_stream="file:///tmp/never-written-by-a-test")
    return plain(images)


def python(images):
    return {"output": tf.numpy_function(lambda x: x[..., :1], [images], tf.float32)}


def stores_weights(images):
    name = tf.constant("/tmp/never-written-by-a-test")
    tf.raw_ops.SaveV2(prefix=name, tensor_names=["a"], shape_and_slices=[""], tensors=[1.0])
    return plain(images)


def restores_weights(images):
    (value,) = tf.raw_ops.RestoreV2(
        prefix="/etc/x", tensor_names=["a"], shape_and_slices=[""], dtypes=[tf.float32]
    )
    return {"output": plain(images)["output"] + value}


def in_a_branch(images):
    return tf.cond(tf.reduce_sum(images) > 0, lambda: reads(images), lambda: plain(images))


@pytest.mark.parametrize(
    ("answer", "operation"),
    [
        (reads, "ReadFile"),
        (writes, "WriteFile"),
        (prints, "PrintV2"),
        (python, "PyFunc"),
        (stores_weights, "SaveV2"),
        (restores_weights, "RestoreV2"),
        (in_a_branch, "ReadFile"),
    ],
)
def test_a_graph_that_touches_more_than_numbers(answer, operation, tmp_path):
    folder = saved(tmp_path / "saved_model", answer)
    with pytest.raises(BundleError, match=f"holds the operation {operation}, which touches files"):
        check_graph(folder)


def test_a_function_under_the_name_of_the_saver(tmp_path):
    """What writes weights is called by TensorFlow's own loader, and by nothing in the graph."""
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    folder = saved(tmp_path / "saved_model", stores_weights)
    path = folder / "saved_model.pb"
    model = SavedModel()
    model.ParseFromString(path.read_bytes())
    library = model.meta_graphs[0].graph_def.library
    (name,) = [
        each.signature.name
        for each in library.function
        if any(node.op == "SaveV2" for node in each.node_def)
        and "traced_save" not in each.signature.name
    ]
    path.write_bytes(path.read_bytes().replace(name.encode(), b"__inference__traced_save_9".ljust(
        len(name), b"9")))  # fmt: skip
    with pytest.raises(BundleError, match="touches files, processes or Python"):
        check_graph(folder)


def test_graphs_of_networks_pass(tmp_path):
    from keras_landslide import models

    check_graph(saved(tmp_path / "saved_model", plain))
    for name in ("unet_colombia", "lacnn"):
        model = models.build(name, (None, None, 3), filters=2)
        write_network(model, tmp_path / name, tmp_path / name)
        check_graph(tmp_path / name / "saved_model")


def test_answers_that_are_no_probabilities(tmp_path):
    from keras_landslide.inference.engines.base import LoadedBundle

    class Toy(LoadedBundle):
        def __init__(self):
            self.bundle, self._calibration = type("B", (), {"folder": tmp_path})(), None

        def __call__(self, images):
            return self.calibrated(images)

    fine = np.array([0, 0.5, 1, np.nan], np.float32)
    np.testing.assert_array_equal(Toy()(fine), fine)
    for wrong in (1.5, -3.0, np.inf):
        with pytest.raises(BundleError, match="are no probabilities; export"):
            Toy()(np.array([0.5, wrong], np.float32))
