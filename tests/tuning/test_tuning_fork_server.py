"""What a trial's own process finds."""

import os
from importlib.util import find_spec

from keras_landslide.config import RunConfig
from keras_landslide.tuning.fork_server import ForkServer, Surroundings
from keras_landslide.tuning.job import Job, Outcome


class GpuTrainer:
    """Says how PyTorch looks for a GPU, and whether it would refuse one to this forked process."""

    def __init__(self):
        self.asks = os.environ.get("PYTORCH_NVML_BASED_CUDA_CHECK")
        import keras  # noqa: F401 - as the real trainer does, before the fork

    def build(self, config):
        return None

    def fit(self, model, config, run_folder, callbacks):
        refused = 0.0
        if os.environ["KERAS_BACKEND"] == "torch":
            import torch

            refused = float(torch.cuda._is_in_bad_fork())
        return Outcome({"asks": [float(self.asks or 0)], "refused": [refused]})


def test_trials_may_use_a_gpu_through_pytorch(tmp_path):
    """Keras asks PyTorch for a GPU on import: a fork could not use one that was opened by that.

    Refusing needs PyTorch and a GPU; how it is asked can be seen anywhere.
    """
    backend = "torch" if find_spec("torch") else "tensorflow"
    fork_server = ForkServer(GpuTrainer, Surroundings({"KERAS_BACKEND": backend}))
    try:
        job = Job(RunConfig(), tmp_path / "run", None, tmp_path / "log.txt")
        outcome, _ = fork_server.run(job, lambda epoch, metrics: None)
    finally:
        fork_server.close()
    assert outcome.history == {"asks": [1.0], "refused": [0.0]}
