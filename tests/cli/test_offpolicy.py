"""`matinee offpolicy` reads what a home has logged."""

from __future__ import annotations

import json
import time

from matinee.data.sample import load_sample
from matinee.store import Shown, Slot, Store


def test_an_empty_log_is_said(matinee) -> None:
    done = matinee("offpolicy")
    assert done.returncode == 1
    assert "No page with a place to learn has been shown yet" in done.stderr


def test_a_log_is_read(matinee, tmp_path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    sample = load_sample()
    store = Store.open(home / "matinee.db")
    store.import_dataset(sample.select(sample.users < 5))
    films = sample.catalogue.ids.ids.tolist()
    today = int(time.time() // 86_400)
    viewers = [store.create_viewer() for _ in range(8)]
    for place, viewer in enumerate(viewers):
        strategy, propensity = (("content", 0.25), ("next", 0.75))[place % 2]
        store.remember(viewer, today - 1, [Shown("explore", films[place], 0)], Slot(strategy, propensity))
    store.mark_opened(viewers[0], films[0], (today - 1) * 86_400)
    store.remember(viewers[0], today, [Shown("explore", films[9], 0)], Slot("next", 0.5))
    store.close()
    found = json.loads(matinee("offpolicy", "--json").stdout)
    assert (found["impressions"], found["viewers"], found["days"], found["wanted"]) == (8, 8, 1, 1)
    content, following = found["strategies"]
    assert (content["strategy"], content["shown"], content["wanted"], content["believable"]) == ("content", 4, 1, False)
    assert content["estimates"]["ips"]["value"] == 1 / 0.25 / 8
    assert content["estimates"]["snips"]["value"] == 0.25
    assert following["estimates"]["snips"]["value"] == 0
    shown = matinee("offpolicy", "--strategy", "content")
    assert "8 impressions of 1 day, 1 wanted" in shown.stdout
    assert "next" not in shown.stdout
    assert "Do not believe content" in shown.stderr
    assert matinee("offpolicy", "--strategy", "luck", "--json").returncode == 0
