"""What is measured of the rays before depth edges are searched for, on a block under light from above."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from napari_defocus import Microscope, SolverSettings
from napari_defocus.optics.tiles import Tile
from napari_defocus.simulation import HeightField, Light, Scene, render_focal_stack
from napari_defocus.simulation.textures import Texture, fractal_noise
from napari_defocus.solver.observations import load_stack
from napari_defocus.solver.occlusion import DepthEdges, resolve_edges
from napari_defocus.solver.ray_fit import (
    DARKER,
    DARKEST,
    LEAST_MISFIT,
    RayFit,
    RaySamples,
    ray_samples,
    sample_tiles,
)

SHAPE = (96, 110)
OPTICS = Microscope(
    numerical_aperture=0.3, pixel_size=0.6, focus_positions=list(np.linspace(0, 24, 13)), in_focus_blur=0.0
)
SETTINGS = SolverSettings(depth_range=(-1.0, 25.0), threads=2)
LOW, HIGH = 4.0, 20.0


class Block:
    """A rendered block on a ground, with sides that get little light or as much as the ground."""

    def __init__(self, ambient):
        spacing = OPTICS.pixel_size / 2
        reach = 0.5 * max(SHAPE) * OPTICS.pixel_size + 15
        y, x = np.mgrid[-reach:reach:spacing, -reach:reach:spacing]
        height = np.where((np.abs(x) < 14) & (np.abs(y) < 12), HIGH, LOW)
        tone = 0.2 + 0.7 * fractal_noise(x.shape, slope=0.6, low=16, seed=1)
        field = HeightField((0, 0, 0), height, spacing, Texture(tone, x.shape[1] * spacing), up=(0, 0, 1))
        scene = Scene([field], Light((0.1, 0.1, 1.0), ambient=ambient))
        rendered = render_focal_stack(scene, OPTICS, SHAPE, lens_samples=196, seed=0)
        noise = 0.004 * np.random.default_rng(0).standard_normal(rendered.radiance.shape)
        stack = (255 * np.clip(rendered.radiance + noise, 0, 1)).round().astype(np.uint8)
        self.observations, self.high = load_stack(stack), rendered.depth > (LOW + HIGH) / 2
        self.coordinates = OPTICS.to_blur_coordinate(rendered.depth).astype(np.float32)
        self.image = rendered.all_in_focus[None].astype(np.float32)

    def samples(self, tiles):
        return ray_samples(self.observations, OPTICS, SETTINGS, self.coordinates, self.image, tiles)

    def fit(self):
        return RayFit.of([self.samples(sample_tiles(SHAPE))])

    def left_of_the_rim(self, fit):
        """Share of the block's outermost pixels that a search from the true depth leaves on it."""
        edges = DepthEdges(self.observations, OPTICS, SETTINGS, None, fit, None)
        found, _ = edges.last(self.coordinates, self.image, lambda share: None)
        inner = np.roll(self.high, 1, 0) & np.roll(self.high, -1, 0)
        inner &= np.roll(self.high, 1, 1) & np.roll(self.high, -1, 1)
        depth = OPTICS.from_blur_coordinate(found)
        return (depth > (LOW + HIGH) / 2)[self.high & ~inner].mean()


@pytest.fixture(scope="module")
def dark():
    return Block(ambient=0.25)


@pytest.fixture(scope="module")
def light():
    return Block(ambient=1.0)


def test_sides_are_found_dark_where_they_are(dark, light):
    assert dark.fit().side_light < DARKER
    assert dark.fit().dark_sides
    assert light.fit().side_light == 1.0
    assert not light.fit().dark_sides


def test_dark_sides_do_not_wear_off_the_rim(dark):
    fit = dark.fit()
    kept, worn = (dark.left_of_the_rim(one) for one in (fit, fit._replace(side_light=1.0)))
    assert kept > worn + 0.1


def test_the_step_measures_for_itself(dark):
    given = dark.observations, OPTICS, SETTINGS, dark.coordinates, dark.image, lambda share: None
    edges = DepthEdges(dark.observations, OPTICS, SETTINGS, None, dark.fit(), None)
    first = edges.first(dark.coordinates, dark.image, lambda share: None)
    expected = edges.last(first, dark.image, lambda share: None)
    for found, wanted in zip(resolve_edges(*given), expected, strict=True):
        assert_allclose(found, wanted)


def test_parts_of_an_image_add_up_to_the_whole(dark):
    tiles = [Tile(y0, x0, 24, 22) for y0 in range(0, 96, 24) for x0 in range(0, 110, 22)]
    whole = RayFit.of([dark.samples(tiles)])
    parts = RayFit.of([dark.samples(tiles[:7]), dark.samples([]), dark.samples(tiles[7:])])
    assert_allclose(parts, whole, rtol=1e-6)


@pytest.mark.parametrize(("light", "taken"), [(1.1, 1.0), (DARKER + 0.01, 1.0), (0.7, 0.7), (0.2, DARKEST)])
def test_sides_that_may_be_as_light_count_as_light(light, taken):
    fit = RayFit.of([RaySamples(np.array([4.0], np.float32), 2.0 * (1 - light), 2.0)])
    assert fit == (4.0, pytest.approx(taken))


def test_where_nothing_is_seen_sides_are_light_and_the_misfit_is_the_least():
    nothing = RaySamples(np.empty(0, np.float32), 0.0, 0.0)
    assert RayFit.of([nothing]) == RayFit.of([]) == (LEAST_MISFIT, 1.0)
