"""How the confidence is fitted and judged."""

import json

import numpy as np
import pytest
from scipy.special import expit

from benchmarks.accuracy import calibrate
from benchmarks.accuracy.fitting import (
    SIGNS,
    Pixels,
    calibration_error,
    fit,
    left_out,
    reliability_bins,
    told,
)
from benchmarks.accuracy.scenes import SCENES

WEIGHTS = {"agreement": 1.0, "step": 0.8, "sharper": -0.7, "nearer": 0.0, "texture": 0.5}


def made_up(seed, pixels=4000):
    """Pixels that are right by a law; the greater `step`, the likelier, which must not be learnt."""
    rng = np.random.default_rng(seed)
    evidence = {name: rng.uniform(-1.5, 0, pixels) for name in SIGNS["defocus"]}
    odds = 1 + sum(weight * evidence[name] for name, weight in WEIGHTS.items())
    right = rng.random(pixels) < expit(odds)
    truth = np.full(pixels, 2.0)
    return Pixels(evidence, right, truth + np.where(right, 0.01, 0.5), truth)


def test_the_law_is_found_but_for_what_cannot_be():
    runs = [made_up(seed) for seed in range(5)]
    weights = fit("defocus", runs).weights
    assert weights["agreement"] == pytest.approx(1.0, abs=0.15)
    assert weights["sharper"] == pytest.approx(-0.7, abs=0.15)
    assert weights["texture"] == pytest.approx(0.5, abs=0.15)
    assert weights["step"] == 0
    assert abs(weights["nearer"]) < 0.1


def test_a_fit_is_calibrated_for_scenes_of_its_kind():
    runs = {(name, "one"): made_up(seed) for seed, name in enumerate("abcd")}
    figures, bins = left_out("defocus", runs, 0.2)
    assert set(figures) == set(runs)
    for values in figures.values():
        assert values["told"] == pytest.approx(values["right"], abs=0.03)
        assert values["calibration error"] < 0.06
        assert values["RMSE ratio"] < 1
    assert sum(count for count, *_ in bins) == 16000


def test_hand_computed_bins():
    confidence = np.array([0.05, 0.15, 0.18, 1.0])
    right = np.array([False, True, False, True])
    assert reliability_bins(confidence, right) == [
        (1, 0.05, 0.0),
        (2, pytest.approx(0.165), 0.5),
        (1, 1.0, 1.0),
    ]
    assert calibration_error(confidence, right) == pytest.approx((0.05 + 2 * 0.335) / 4)


def test_the_table_is_written_and_read_again(monkeypatch, tmp_path, capsys):
    path = tmp_path / "calibration.json"
    path.write_text('{"focus": {"kept": 1}}')
    monkeypatch.setattr(calibrate, "PATH", path)
    runs = {(name, "one"): made_up(seed) for seed, name in enumerate("ab")}
    monkeypatch.setattr(calibrate, "gather", lambda method, cache: runs)
    calibrate.main(["--method", "defocus"])
    assert json.loads(path.read_text()) == {"focus": {"kept": 1}}
    calibrate.main(["--method", "defocus", "--write"])
    written = json.loads(path.read_text())
    assert written["focus"] == {"kept": 1}
    assert written["defocus"]["intercept"] == fit("defocus", list(runs.values())).intercept
    assert "| confidence" in capsys.readouterr().out


def test_the_final_scenes_are_never_fitted():
    assert {SCENES[name].subset for name in calibrate.TUNING_NAMES} == {"tuning"}
    assert told(fit("defocus", [made_up(0)]), made_up(1)).shape == (4000,)
