"""The toy search in its own process: run_toy.py FOLDER [milliseconds per epoch] [workers]

Heavy imports are inside: this file is imported again in every process that is started from it.
"""

import functools
import sys
from pathlib import Path

if __name__ == "__main__":
    from toy_search import SPACE, ToyTrainer

    from keras_landslide.tuning.search import Resources, run_search

    trainer = functools.partial(ToyTrainer, pause_s=float(sys.argv[2]) / 1000)
    run_search(SPACE, Path(sys.argv[1]), trainer, resources=Resources(workers=int(sys.argv[3])))
