"""The steps of the demo: what they promise, and how a stopped demo goes on."""

import pytest

from keras_landslide.cli.demo import run
from keras_landslide.workflows.demo import Clock, Demo, demo, outlook


def test_the_whole_takes_six_minutes_and_the_first_map_three(tmp_path):
    steps = Demo(tmp_path, size=1024, patch=64, epochs=8, seed=0).steps()
    seconds = {step.name: step.seconds for step in steps}
    assert sum(seconds.values()) <= 6 * 60
    assert sum(seconds[name] for name in ("simulate", "stack", "patches", "tune", "rgb")) <= 3 * 60
    assert outlook(steps).splitlines()[0].startswith("7 steps, about 6 minutes on 2 quick cores")


def test_a_clock_goes_by_the_pace_so_far():
    clock = Clock(100)
    # 110 s for what 40 s were expected for; half a minute more on both sides: twice as slow.
    assert clock.line(40, 110) == "1.8 min so far, about 2.0 min to go"
    assert clock.line(60, 150) == "2.5 min so far, about 0.0 min to go"


def test_a_stopped_demo_goes_on_where_it_was(tmp_path):
    ran, said = [], []

    def until_patches(words):
        if words[0] == "patches":
            raise KeyboardInterrupt
        ran.append(words[0])
        run(words)

    options = {"size": 256, "patch": 32, "epochs": 1}
    with pytest.raises(KeyboardInterrupt):
        demo(tmp_path, until_patches, said.append, **options)
    assert ran == ["simulate", "stack", "stack"]
    stack = tmp_path / "liboriana" / "stack.tif"
    written = stack.stat().st_mtime_ns
    with pytest.raises(KeyboardInterrupt):
        demo(tmp_path, until_patches, said.append, **options)
    assert ran == ["simulate", "stack", "stack"]
    assert stack.stat().st_mtime_ns == written
    assert said[0].startswith("7 steps") and said[-1].startswith("5 steps")
