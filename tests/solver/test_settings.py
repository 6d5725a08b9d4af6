import json
import re
from dataclasses import fields

import pytest

from napari_defocus import InputError, SolverSettings
from napari_defocus.solver.run_operator import kernel_size


def test_every_setting_is_documented():
    for item in fields(SolverSettings):
        assert item.metadata["help"].endswith("."), item.name
        assert re.search(rf"^ *{item.name} :", SolverSettings.__doc__, re.MULTILINE), item.name


@pytest.mark.parametrize("preset", ["nyuv2", "make3d", "mobiledepth", "simulation"])
def test_presets_take_overrides_and_survive_json(preset):
    made = getattr(SolverSettings, preset)(epochs=3)
    assert made.epochs == 3
    assert SolverSettings.from_dict(json.loads(json.dumps(made.to_dict()))) == made


def test_asking_for_an_estimate_of_the_blur_survives_json():
    made = SolverSettings(estimate_blur=False)
    assert SolverSettings().estimate_blur
    assert not SolverSettings.from_dict(json.loads(json.dumps(made.to_dict()))).estimate_blur
    assert not any(getattr(SolverSettings, preset)().estimate_blur for preset in ("nyuv2", "simulation"))


def test_published_table():
    nyu, make3d, mobile = SolverSettings.nyuv2(), SolverSettings.make3d(), SolverSettings.mobiledepth()
    assert [s.epochs for s in (nyu, make3d, mobile)] == [40, 5, 5]
    assert [s.candidates for s in (nyu, make3d, mobile)] == [100, 100, 200]
    assert [s.cost_window for s in (nyu, make3d, mobile)] == [1, 5, 50]
    assert [(s.fista_iterations, s.fista_growth) for s in (nyu, make3d, mobile)] == [
        (200, 1.05),
        (10, 2),
        (10, 2),
    ]
    assert {s.warm_start for s in (nyu, make3d, mobile)} == {False}


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"epochs": 0}, "epochs"),
        ({"epochs": 2.5}, "epochs"),
        ({"epochs": True}, "epochs"),
        ({"candidates": 2}, "candidates"),
        ({"cost_window": 0}, "cost_window"),
        ({"golden_tolerance": float("nan")}, "golden_tolerance"),
        ({"mrf_smoothness": -1}, "mrf_smoothness"),
        ({"kernel_size": 10}, "kernel_size"),
        ({"kernel_size": "wide"}, "kernel_size"),
        ({"boundary": "wrap"}, "boundary"),
        ({"outlier_method": "all"}, "outlier_method"),
        ({"outlier_fill": "nearest"}, "outlier_fill"),
        ({"outlier_confidence": 1.5}, "outlier_confidence"),
        ({"depth_range": 3}, "depth_range"),
        ({"white": 0}, "white"),
        ({"threads": 0}, "threads"),
        ({"warm_start": "no"}, "warm_start"),
        ({"outlier_relative": "off"}, "outlier_relative"),
        ({"estimate_blur": "yes"}, "estimate_blur"),
        ({"candidates": 10**6}, "candidates"),
        ({"cost_window": 999}, "cost_window"),
        ({"outlier_radius": 10**6}, "outlier_radius"),
    ],
)
def test_bad_settings_are_named(values, named):
    with pytest.raises(InputError, match=named):
        SolverSettings(**values)


def test_outlier_settings_are_kept_and_the_published_ones_are_the_papers():
    ours = SolverSettings(outlier_confidence=0.4, outlier_fill="mean", outlier_radius=3)
    assert SolverSettings.from_dict(ours.to_dict()) == ours
    published = SolverSettings.nyuv2(outlier_method="variation")
    assert (published.outlier_fill, published.outlier_radius) == ("mean", 5)
    assert SolverSettings.from_dict({}).outlier_method == "confidence"


def test_unknown_setting_in_a_file():
    with pytest.raises(InputError, match="speed"):
        SolverSettings.from_dict({"speed": 9})


@pytest.mark.parametrize(("shape", "size"), [((240, 320), 11), ((460, 345), 15), ((40, 60), 7)])
def test_proportional_kernel_size_is_the_papers(shape, size):
    assert kernel_size(SolverSettings(kernel_size="proportional"), shape) == size
    assert kernel_size(SolverSettings(), shape) is None


@pytest.mark.parametrize(
    ("losses", "settled"),
    [
        ([1.0], False),
        ([1.0, 1.0, 1.0], False),  # there is no telling after one epoch
        ([1.0, 0.9, 0.5, 0.5, 0.49], True),
        ([1.0, 0.9, 0.5, 0.46, 0.45], False),
        ([1.0, 0.9, 0.5, 0.4, 0.3, 0.3, 0.3], True),
    ],
)
def test_a_run_has_settled_when_an_epoch_gains_too_little(losses, settled):
    assert SolverSettings(least_gain=0.05).settled(losses) == settled
    assert not SolverSettings(least_gain=0).settled(losses)
    assert SolverSettings.simulation().least_gain == SolverSettings.nyuv2().least_gain == 0
