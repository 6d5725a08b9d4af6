"""Contrast limits of depth maps that lie over each other."""

import numpy as np
import pytest
from tiny_stacks import add_stack

from napari_defocus.plugin.depth_limits import DepthLimits
from napari_defocus.plugin.result_layers import ResultLayers
from napari_defocus.plugin.stack_source import METADATA_KEY, stack_from_layer
from napari_defocus.solver.result import DefocusResult

WHOLE = np.linspace(1, 3, 24 * 24, dtype=np.float32).reshape(24, 24)
PART = WHOLE[10:12]
"""A small part of the depths, as a region may hold."""


def add_map(viewer, source="stone", unit="m", limits=(1.0, 3.0), levelled=None, **options):
    entry = {"kind": "depth", "run": 1, "source": source, "unit": unit, "levelled": levelled}
    return viewer.add_image(
        WHOLE, name="below", contrast_limits=limits, metadata={METADATA_KEY: entry}, **options
    )


@pytest.fixture
def limits(viewer):
    return DepthLimits(viewer, "stone", "m", (0.0, 9.0))


def test_a_region_has_the_colours_of_the_map_below(viewer, limits):
    add_map(viewer)
    assert limits.first(PART) == (1.0, 3.0)
    assert limits.told == "Colours as in below."


@pytest.mark.parametrize(
    "other",
    [{"source": "wood"}, {"unit": "plane"}, {"visible": False}, {"levelled": {"slope_x": 1}}],
    ids=["stack", "unit", "hidden", "levelled"],
)
def test_maps_that_cannot_be_compared_have_colours_of_their_own(viewer, limits, other):
    add_map(viewer, **other)
    low, high = limits.first(PART)
    assert low >= PART.min()
    assert high <= PART.max()
    assert limits.told == ""


def test_depths_beyond_the_limits_below_are_shown_and_told_of(viewer, limits):
    add_map(viewer, limits=(1.0, 2.0))
    assert limits.first(WHOLE)[1] > 2.9
    assert limits.told == "Colours differ from those of below, which has other depths."


def test_rounding_is_not_spread_over_the_colours(limits):
    flat = 2 + 1e-6 * np.random.default_rng(0).random((24, 24))
    assert limits.first(flat) == (0.0, 9.0)
    low, high = limits.first(2 + 1e-3 * (WHOLE - 2))
    assert high - low < 0.01


def test_without_depths_the_limits_are_given(limits):
    assert limits.first(np.full((3, 3), np.nan)) == (0.0, 9.0)


@pytest.mark.parametrize(
    ("first", "last", "wanted"),
    [
        (PART, PART, (1.0, 3.0)),
        (WHOLE + 5, PART, (1.0, 3.0)),  # a rough first depth
        (PART, WHOLE + 5, (6.01, 7.99)),
    ],
)
def test_the_last_result_decides(viewer, limits, first, last, wanted):
    add_map(viewer)
    layer = viewer.add_image(first, contrast_limits=limits.first(first))
    limits.last(layer, last)
    assert tuple(layer.contrast_limits) == pytest.approx(wanted, abs=0.01)


def test_limits_of_the_user_stay_and_nothing_is_told(viewer, limits):
    add_map(viewer)
    layer = viewer.add_image(PART, contrast_limits=limits.first(PART))
    layer.contrast_limits = (1.5, 1.7)
    limits.last(layer, PART)
    assert tuple(layer.contrast_limits) == (1.5, 1.7)
    assert limits.told == ""


def test_a_run_over_another_one(viewer):
    stack = stack_from_layer(add_stack(viewer))
    for depth in (WHOLE, np.full_like(WHOLE, 2) + PART[0]):
        layers = ResultLayers(viewer, stack, (0.0, 9.0), "m")
        for step in layers.last_steps(
            DefocusResult(
                depth=depth,
                all_in_focus=depth,
                outliers=depth > 9,
                confidence=depth / 9,
                losses=(),
                unit="m",
                method="defocus",
                parameters={},
            )
        ):
            step()
    first, second = viewer.layers["stone depth (m) [1]"], viewer.layers["stone depth (m) [2]"]
    assert layers.colours_told.startswith("Colours differ")
    assert first.contrast_limits != second.contrast_limits
