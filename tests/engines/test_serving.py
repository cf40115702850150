"""A server that scores needs none of what fitting needs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from matinee.engines import create, engine_names
from matinee.testing.worlds import latent, some

SERVER = """
import json, sys
import numpy as np
from matinee.engines import engine_class
from matinee.types import Profile, Profiles

folder = sys.argv[1]
answers = {}
for name, settings in json.load(open(folder + "/settings.json")).items():
    arrays = dict(np.load(f"{folder}/{name}.npz"))
    engine = engine_class(name).restore(settings, arrays, 40)
    scores = engine.score(Profiles.stack([Profile.of([1, 2], [5, 4]), Profile.empty()], 40))
    engine.similar(1)
    engine.contributions(Profile.of([1], [5]), np.array([2], np.int32))
    answers[name] = scores.shape
heavy = [module for module in ("numba", "torch", "sklearn") if module in sys.modules]
print(json.dumps({"heavy": heavy, "answers": answers}))
"""


def test_scoring_imports_neither_numba_nor_torch(tmp_path: Path, can_train: Callable[[str], bool]) -> None:
    dataset = latent()
    settings = {}
    names = [name for name in engine_names() if can_train(name)]
    for name in names:
        engine = create(name).fit(dataset)
        assert engine.score(some(dataset)).any()
        settings[name] = engine.settings()
        np.savez(tmp_path / f"{name}.npz", **engine.arrays)
    (tmp_path / "settings.json").write_text(json.dumps(settings))
    done = subprocess.run([sys.executable, "-c", SERVER, str(tmp_path)], capture_output=True, text=True, check=True)
    said = json.loads(done.stdout)
    assert said["heavy"] == []
    assert said["answers"] == {name: [2, 40] for name in names}
