"""The focus measures, and the whole classic method, against plain per-pixel loops."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from stacks import texture

from benchmarks import classic_oracle
from napari_defocus import InputError, depth_from_focus, focus_measure
from napari_defocus.solver import focus_fit
from napari_defocus.solver.focus_measure import FOCUS_MEASURES
from napari_defocus.solver.focus_peak import PeakFinder
from napari_defocus.solver.observations import Observations

CASES = [
    (measure, window, step)
    for measure in FOCUS_MEASURES
    for window, step in ((3, 1), (5, 2), (9, 3))
    if (measure, window) not in {("modified_laplacian", 5), ("modified_laplacian", 9)}
]


@pytest.mark.parametrize(("measure", "window", "step"), CASES)
def test_measure_against_the_definition(measure, window, step):
    image = np.random.default_rng(0).random((11, 14)).astype(np.float32)
    wanted = [
        [classic_oracle.focus(image, y, x, measure, window, step) for x in range(14)] for y in range(11)
    ]
    found = focus_measure(image, measure, window, step)
    assert found.dtype == np.float32
    assert_allclose(found, wanted, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("measure", FOCUS_MEASURES)
def test_even_patch_has_exactly_none(measure):
    image = np.random.default_rng(0).random((64, 64)).astype(np.float32)
    image[20:44, 20:44] = np.float32(77 / 255)
    found = focus_measure(image, measure, 5, 2)
    assert_array_equal(found[26:38, 26:38], 0)
    assert found[:16].min() >= 0


@pytest.mark.parametrize("measure", FOCUS_MEASURES)
def test_whole_method_against_per_pixel_loops(measure, monkeypatch):
    stack = np.random.default_rng(1).random((6, 12, 16)).astype(np.float32)
    stack[:, 4:11, 4:12] = np.float32(0.25)  # no texture
    stack[2:4, :, 12:] = stack[2:3, :, 12:]  # two planes alike
    stack[4:, :3] = stack[4:5, :3]  # and two alike at the end
    monkeypatch.setattr(focus_fit, "HELD", 4 * 6 * 16 * 5)  # bands of some rows
    monkeypatch.setattr(focus_fit, "LEAST_ROWS", 1)
    wanted = np.array(classic_oracle.depth_from_focus(stack, measure, 3, 2))
    result = depth_from_focus(stack, measure=measure, window=3, step=2, median=1, white=1.0)
    assert_allclose(result.depth, wanted[..., 0], atol=2e-4)
    assert_allclose(result.all_in_focus, wanted[..., 4], atol=2e-4)
    fit = focus_fit.fit_focus(
        Observations(stack[:, None], 1.0, False), np.arange(6), measure, 3, 2, lambda share: None
    )
    assert_array_equal(fit.known, wanted[..., 1].astype(bool))
    assert_allclose(fit.peak, wanted[..., 2], rtol=1e-4, atol=1e-7)
    assert_allclose(fit.error, wanted[..., 3], rtol=1e-3, atol=1e-5)
    known = fit.known[~np.isclose(fit.peak, 0)]
    assert known.any()
    assert not known.all()


def test_bands_make_no_difference(monkeypatch):
    stack = np.stack([texture((70, 40), seed=k)[0] for k in range(5)])
    whole = depth_from_focus(stack, window=7, step=2)
    monkeypatch.setattr(focus_fit, "HELD", 4 * 5 * 40)
    bands = depth_from_focus(stack, window=7, step=2)
    assert_allclose(bands.depth, whole.depth, atol=1e-4)
    assert_allclose(bands.all_in_focus, whole.all_in_focus, atol=1e-4)
    assert_allclose(bands.confidence, whole.confidence, atol=1e-3)


@pytest.mark.parametrize(
    ("values", "position", "known"),
    [
        ([1, 4, 4, 4, 1], 2, True),  # a plateau: its middle
        ([1, 4, 4], 1, False),  # one that reaches the last plane
        ([4, 4, 1], 0, False),  # or the first
        ([1, 4, 1, 4, 1], 1, True),  # equal peaks apart: the first
        ([0, 4, 4, 4, 4, 0], 2.5, True),
        ([1, 2, 2, 4, 1], 17 / 6, True),  # a tie below the peak is none
    ],
)
def test_ties(values, position, known):
    finder = PeakFinder((1, 1))
    for value in values:
        finder.add(np.full((1, 1), value, np.float32))
    curve = finder.curve()
    assert curve.position[0, 0] == pytest.approx(position, abs=0.01)
    assert curve.known[0, 0] == known


@pytest.mark.parametrize("measure", FOCUS_MEASURES)
def test_every_measure_finds_a_step(measure):
    sharp, blurred = texture((40, 40), 3)[0], np.full((40, 40), 0.5, np.float32)
    stack = np.stack([blurred, (sharp + blurred) / 2, sharp, (sharp + blurred) / 2, blurred])
    result = depth_from_focus(stack, measure=measure, white=1.0)
    assert np.median(np.abs(result.depth - 2)) < 0.01
    assert result.parameters["measure"] == measure


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"measure": "sharpness"}, "measure must be one of sum_modified_laplacian, tenengrad"),
        ({"window": 2}, "window must be an odd"),
        ({"window": -1}, "window must be an odd"),
        ({"step": 0}, "step must be"),
        ({"measure": "local_variance", "window": 1}, "at least 3 px for local_variance"),
        ({"measure": "variance_of_laplacian", "window": 1}, "at least 3 px for variance_of_laplacian"),
    ],
)
def test_bad_parameters(options, says):
    with pytest.raises(InputError, match=says):
        focus_measure(np.zeros((9, 9), np.float32), **options)
