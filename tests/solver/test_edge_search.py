"""The search keeps up what its rays see: between two depths as if they had all been traced again."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from napari_defocus import SolverSettings, ThinLens
from napari_defocus.optics.tiles import Tile
from napari_defocus.solver import edge_search
from napari_defocus.solver.blocks import Block
from napari_defocus.solver.observations import load_stack
from napari_defocus.solver.ray_tile import SEARCH, RayTile, rays_of

SHAPE = (100, 104)
LENS = ThinLens.from_camera(50, 5.6, 30, [1.0, 1.15, 1.35, 1.6], blur_scale=0.5)
SETTINGS = SolverSettings(depth_range=(0.95, 1.7), threads=1)


@pytest.mark.parametrize("side_light", [1.0, 0.7])
def test_predictions_after_the_search_are_those_of_its_depth_and_image(monkeypatch, side_light):
    rng = np.random.default_rng(0)
    observations = load_stack((255 * rng.random((LENS.planes, *SHAPE))).astype(np.uint8))
    depth = np.full(SHAPE, 1.6)
    depth[36:64, 38:66] = 1.0
    depth[36:64, 38:66][rng.random((28, 28)) < 0.1] = 1.6
    rays = rays_of(LENS, SETTINGS, SEARCH, side_light)
    labels = rays.labels(LENS.to_blur_coordinate(depth))
    tile = Tile(0, 0, *SHAPE)
    part = RayTile.of(rays, observations, None, tile, SEARCH)
    seen = {}
    original = edge_search.occlusion_kernels.search

    def spy(todo, width, levels, *arguments):
        changed = original(todo, width, levels, *arguments)
        arrays = [value for value in arguments if isinstance(value, np.ndarray)]
        size = part.window.shape[0] * width
        beside = size if side_light < 1 else 0
        seen["levels"], seen["changed"] = levels.copy(), seen.get("changed", 0) + changed
        seen["image"] = next(
            a for a in arrays if a.shape == (size + beside, 1) and a.dtype == np.float32
        ).copy()
        pairs = len(traced.pixels)
        seen["residual"] = next(a for a in arrays if a.shape == (pairs, 1)).copy()
        return changed

    trace = RayTile.trace
    traced = None

    def kept(*arguments):
        nonlocal traced
        traced = trace(*arguments)
        return traced

    monkeypatch.setattr(edge_search.occlusion_kernels, "search", spy)
    monkeypatch.setattr(RayTile, "trace", kept)
    image = rng.random((1, *SHAPE), np.float32)
    edge_search.search_tile(part, Block(tile, tile), labels, image, 1e-3, edge_search.FIRST)
    assert seen["changed"] > 50
    size = len(part.window.source)
    assert_array_equal(seen["image"], traced.with_sides(seen["image"][:size]))
    again = rays.trace(part.window, seen["levels"].reshape(part.window.shape), traced.planes, traced.pixels)
    expected = again.forward(seen["image"][:size]) - part.observed(traced)
    assert_array_equal(again.hits, traced.hits)
    assert_allclose(seen["residual"], expected, atol=1e-5)
