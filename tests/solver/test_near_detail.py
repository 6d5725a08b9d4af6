"""Thin things in front that the depth has lost are put back where their focus measure peaks."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from napari_defocus import SolverSettings, ThinLens
from napari_defocus.simulation import Rectangle, Scene, View, render_focal_stack
from napari_defocus.simulation.textures import Texture, bundled_image
from napari_defocus.solver import near_detail
from napari_defocus.solver.edge_search import LAST
from napari_defocus.solver.near_detail import LEAST_SIZE, REACH, lost, of_size, with_near_detail
from napari_defocus.solver.noise import Noise
from napari_defocus.solver.observations import load_stack
from napari_defocus.solver.occlusion import DepthEdges
from napari_defocus.solver.ray_fit import RayFit, ray_samples, sample_tiles
from napari_defocus.solver.ray_tile import SEARCH, rays_of

SHAPE = (110, 120)
NEAR, FAR = 1.0, 1.6
LENS = ThinLens.from_camera(50, 2.8, 30, [NEAR, 1.12, 1.3, FAR], blur_scale=0.5)
SETTINGS = SolverSettings(depth_range=(0.9, 1.9), threads=2)
RAYS = rays_of(LENS, SETTINGS, SEARCH)
NOISE = 0.006
WIDTH = 3
"""Of the wire, px."""


class Wire:
    """A rendered wire before a wall, and a depth that is the wall's everywhere."""

    def __init__(self, contrast=0.4):
        scale = View.of(LENS, SHAPE).scale
        wall = Texture(0.3 + contrast * bundled_image("gravel"), 300 * scale * FAR)
        wire = Texture(bundled_image("gravel"), 300 * scale * NEAR)
        things = [
            Rectangle((0, 0, FAR), wall),
            Rectangle((0, 0, NEAR), wire, width=WIDTH * scale * NEAR, height=80 * scale * NEAR),
        ]
        rendered = render_focal_stack(Scene(things), LENS, SHAPE, lens_samples=256, seed=0)
        noise = NOISE * np.random.default_rng(0).standard_normal(rendered.radiance.shape)
        stack = (255 * np.clip(rendered.radiance + noise, 0, 0.99)).round().astype(np.uint8)
        self.observations, self.near = load_stack(stack), rendered.depth < 1.3
        self.flat = np.full(SHAPE, 1 / FAR, np.float32)

    def found(self):
        return with_near_detail(self.observations, RAYS, self.flat, LENS.centers, Noise.white(NOISE))

    def resolved(self, noise):
        """Depth after both searches; the last vote takes some of so thin a wire again."""
        seen = self.observations.planes[LENS.planes - 1].astype(np.float32) / 255
        seen, ignore = np.ascontiguousarray(seen), lambda share: None
        squares = sample_tiles(SHAPE)
        fit = RayFit.of([ray_samples(self.observations, LENS, SETTINGS, self.flat, seen, squares)])
        edges = DepthEdges(self.observations, LENS, SETTINGS, None, fit, noise)
        return edges._search(edges.first(self.flat, seen, ignore), seen, LAST, ignore)[0]


@pytest.fixture(scope="module")
def wire():
    return Wire()


def is_near(coordinates):
    return coordinates > 1 / 1.2


def test_a_wire_that_the_depth_has_lost_is_put_back(wire):
    found = wire.found()
    assert is_near(found)[wire.near].mean() > 0.8
    assert (found != wire.flat)[~wire.near].mean() < 0.01


def test_the_search_keeps_it_and_would_not_have_found_it(wire):
    kept, alone = (is_near(wire.resolved(noise)) for noise in (Noise.white(NOISE), None))
    assert kept[wire.near].mean() > 0.4
    assert kept[~wire.near].mean() < 0.001
    assert not alone.any()


def test_beside_plain_ground_peaks_are_not_believed():
    plain = Wire(contrast=0.0)
    assert_array_equal(plain.found(), plain.flat)


def test_tiles_do_not_change_it(wire, monkeypatch):
    whole = wire.found()
    monkeypatch.setattr(near_detail, "TILE", (50, 37))
    assert_array_equal(wire.found(), whole)


def test_a_window_with_its_halo_gives_the_same(wire):
    whole = wire.found()
    window = (slice(20, None), slice(0, 90))
    part = load_stack(wire.observations.planes[(slice(None), 0, *window)])
    found = with_near_detail(part, RAYS, wire.flat[window], LENS.centers, Noise.white(NOISE))
    inner = (slice(REACH, None), slice(0, 90 - REACH))
    assert_array_equal(found[inner], whole[window][inner])


def test_lost_is_what_is_in_front_of_its_surroundings_and_not_between():
    levels = np.full((20, 20), 30, np.int32)
    levels[:, :5] = 10  # something near
    planes = np.arange(0, 40, 2)
    peaks = levels.copy()
    peaks[8, 7], peaks[12, 7] = 10, 20  # the near thing's own level, and one between
    peaks[4, 15], peaks[16, 15] = 20, 28  # clearly in front of the ground, and hardly
    expected = np.zeros((20, 20), bool)
    expected[8, 7] = expected[4, 15] = True
    assert_array_equal(lost(peaks, levels, planes), expected)
    assert_array_equal(lost(peaks, levels, np.arange(0, 40, 10)), expected & (levels - peaks > 15))


def test_only_groups_that_touch_count():
    mask = np.zeros((10, 12), bool)
    mask[1, 1 : 1 + LEAST_SIZE - 1] = True
    diagonal = np.arange(LEAST_SIZE)
    mask[4 + diagonal, 5 + diagonal] = True
    expected = mask.copy()
    expected[1] = False
    assert_array_equal(of_size(mask), expected)
