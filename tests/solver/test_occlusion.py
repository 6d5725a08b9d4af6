"""The occlusion step on a rendered strip before a textured wall."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.ndimage import distance_transform_edt, maximum_filter

from napari_defocus import (
    CancelledError,
    SolverSettings,
    ThinLens,
    UncalibratedFocus,
    alternating_minimization,
    solve,
)
from napari_defocus.metrics import psnr
from napari_defocus.optics.tiles import Tile
from napari_defocus.simulation import Rectangle, Scene, View, render_focal_stack
from napari_defocus.simulation.textures import Texture, bundled_image
from napari_defocus.solver import occlusion
from napari_defocus.solver.block_run import BlockRun
from napari_defocus.solver.blocks import grid
from napari_defocus.solver.cluster import Local
from napari_defocus.solver.noise import Noise
from napari_defocus.solver.observations import load_stack
from napari_defocus.solver.occlusion import HALO, SIDE, DepthEdges, applies, resolve_edges, solve_band
from napari_defocus.solver.ray_fit import RayFit, ray_samples, sample_tiles
from napari_defocus.solver.ray_tile import (
    CLEAR,
    IMAGE,
    SEARCH,
    RayTile,
    clear_weights,
    rays_of,
    spread_planes,
)
from napari_defocus.solver.run_operator import blur_operator

SHAPE = (150, 160)
NEAR, FAR = 1.0, 1.6
LENS = ThinLens.from_camera(50, 2.8, 30, [NEAR, 1.12, 1.3, FAR], blur_scale=0.5)
ALL = IMAGE._replace(apart=0.0)
SETTINGS = SolverSettings(depth_range=(0.9, 1.9), threads=2)


class Strip:
    """A rendered stack, its truth, and a start whose foreground is too wide."""

    def __init__(self):
        scale = View.of(LENS, SHAPE).scale
        wall = Rectangle((0, 0, FAR), Texture(bundled_image("gravel"), 300 * scale * FAR))
        bricks = Texture(bundled_image("brick"), 300 * scale * NEAR)
        strip = Rectangle((0, 0, NEAR), bricks, width=40 * scale * NEAR, height=80 * scale * NEAR)
        rendered = render_focal_stack(Scene([wall, strip]), LENS, SHAPE, lens_samples=256, seed=0)
        noise = 0.006 * np.random.default_rng(0).standard_normal(rendered.radiance.shape)
        stack = (255 * np.clip(rendered.radiance + noise, 0, 0.99)).round().astype(np.uint8)
        self.stack, self.truth, self.image = stack, rendered.depth, rendered.all_in_focus
        self.observations = load_stack(stack)
        self.coordinates = np.asarray(1 / rendered.depth, np.float32)
        self.start = maximum_filter(self.coordinates, (5, 5))
        planes = np.abs(self.start[None] - LENS.centers[:, None, None]).argmin(axis=0)
        self.mosaic = np.take_along_axis(self.observations.planes[:, 0], planes[None], 0) / np.float32(255)
        edge = np.abs(np.gradient(self.coordinates)).max(axis=0) > 0.1
        self.from_edge = distance_transform_edt(~edge)

    def resolved(self, settings=SETTINGS, **options):
        progress = options.pop("progress", lambda share: None)
        return resolve_edges(self.observations, LENS, settings, self.start, self.mosaic, progress, **options)

    def relative_error(self, coordinates):
        return np.abs(1 / coordinates - self.truth) / self.truth


@pytest.fixture(scope="module")
def strip():
    return Strip()


@pytest.fixture(scope="module")
def resolved(strip):
    return strip.resolved()


def test_at_true_edges_rays_explain_the_stack_where_the_plain_operator_fails(strip):
    rays = rays_of(LENS, SETTINGS, IMAGE)
    part = RayTile.of(rays, strip.observations, None, Tile(0, 0, *SHAPE), ALL)
    labels = np.ascontiguousarray(part.window.cut(rays.labels(strip.coordinates)))
    traced = part.trace(labels, part.window.cut(strip.from_edge < 3), SEARCH.sharp)
    image = strip.image[None].astype(np.float32)
    ours = traced.forward(part.flat(image)) - part.observed(traced)
    planes = blur_operator(LENS, SETTINGS, SHAPE).forward(image, strip.coordinates)
    flat = np.moveaxis(part.window.cut(planes).reshape(LENS.planes, 1, -1), 1, -1)
    plain = flat[traced.planes, traced.pixels] - part.observed(traced)
    assert len(traced.pixels) > 5000
    assert (ours**2).mean() < 0.7 * (plain**2).mean()


def test_a_foreground_that_was_too_wide_is_cut_back_and_its_edge_gets_sharp(strip, resolved):
    coordinates, image = resolved
    edge = strip.from_edge < 6
    before, after = strip.relative_error(strip.start)[edge], strip.relative_error(coordinates)[edge]
    assert after.mean() < 0.75 * before.mean()
    assert psnr(image[0], strip.image) > psnr(strip.mosaic[0], strip.image) + 1


def test_away_from_edges_nothing_changes(strip, resolved):
    coordinates, image = resolved
    away = strip.from_edge > 16
    assert away.any()
    assert_array_equal(coordinates[away], strip.start[away])
    assert_array_equal(image[0][away], strip.mosaic[0][away])
    assert (coordinates != strip.start).any()


def test_the_number_of_threads_does_not_show(strip, resolved):
    for one, two in zip(strip.resolved(SETTINGS.replace(threads=1)), resolved, strict=True):
        assert_array_equal(one, two)


def test_tiles_agree_with_one_whole_tile_away_from_borders(strip, monkeypatch):
    monkeypatch.setattr(occlusion, "SIDE", 64)
    tiles = strip.resolved()
    monkeypatch.setattr(occlusion, "SIDE", 1024)
    whole = strip.resolved()
    border = np.zeros(SHAPE, bool)
    for line in (64, 128):
        border[line - 8 : line + 8] = border[:, line - 8 : line + 8] = True
    assert (whole[0] != strip.start)[~border].sum() > 100
    assert (tiles[0] == whole[0])[~border].mean() > 0.999
    assert (np.abs(tiles[1] - whole[1])[0] < 2 / 255)[~border].mean() > 0.995
    assert (tiles[0] == whole[0]).mean() > 0.995


def test_a_map_without_edges_is_returned_as_it_is(strip):
    flat = np.full(SHAPE, 1 / FAR, np.float32)
    found = resolve_edges(strip.observations, LENS, SETTINGS, flat, strip.mosaic, lambda share: None)
    assert_array_equal(found[0], flat)
    assert_array_equal(found[1], strip.mosaic)


def test_cancelling_works_between_tiles(strip, monkeypatch):
    monkeypatch.setattr(occlusion, "SIDE", 64)
    seen = []

    def stop(share):
        seen.append(share)
        if len(seen) == 3:
            raise CancelledError

    with pytest.raises(CancelledError):
        strip.resolved(progress=stop)
    assert len(seen) == 3
    assert seen == sorted(seen)


def test_the_step_ends_a_run_and_leaves_its_loss(strip):
    settings = SETTINGS.replace(
        epochs=1, initialization="focus", sharpening=0, denoising=0, weighted_median=0, regression=0
    )
    *_, plain, last = alternating_minimization(strip.stack, LENS, settings)
    assert (plain.step, last.step) == ("bilateral", "occlusion")
    assert last.losses == plain.losses
    assert (last.loss, last.residual) == (plain.loss, plain.residual)
    assert (last.depth != plain.depth).any()
    edge = strip.from_edge < 6
    before, after = (np.abs(state.depth - strip.truth)[edge].mean() for state in (plain, last))
    assert after < before


def test_the_image_is_drawn_less_to_a_plane_in_which_something_nearer_is_seen(strip):
    rays = rays_of(LENS, SETTINGS, IMAGE)
    part = RayTile.of(rays, strip.observations, None, Tile(0, 0, *SHAPE), ALL)
    labels = np.ascontiguousarray(part.window.cut(rays.labels(strip.coordinates)))
    traced = part.trace(labels, part.pixels, SEARCH.sharp)
    weights = clear_weights(part, traced, labels).reshape(part.window.shape)[part.window.inside]
    wall, beside = strip.truth > 0.5 * (NEAR + FAR), strip.from_edge < 3
    assert weights[wall & beside].mean() < 0.5
    assert 0.5**CLEAR < weights.min() < 0.6**CLEAR  # at a straight edge half of the rays are stopped
    assert (weights[~wall] == 1).all()  # nothing is nearer
    assert (weights[wall & (strip.from_edge > 16)] == 1).all()


def test_what_lights_dazzle_keeps_its_image(strip):
    image = np.clip(strip.mosaic + np.float32(0.05), 0, 1)
    given = strip.observations, LENS, SETTINGS, strip.coordinates, image
    everywhere = np.ones((LENS.planes, *SHAPE), bool)
    assert_array_equal(solve_band(*given, everywhere, lambda share: None), image)
    assert (solve_band(*given, None, lambda share: None) != image).any()


def test_without_a_known_near_end_it_is_left_out(strip):
    settings = SolverSettings(
        epochs=1, initialization="focus", sharpening=0, denoising=0, weighted_median=0, regression=0
    )
    free = UncalibratedFocus(planes=LENS.planes, blur_per_plane=2.0)
    assert not applies(free, settings)
    assert not applies(LENS, settings.replace(occlusion=False))
    assert applies(LENS, settings)
    seen = []
    *_, last = alternating_minimization(
        strip.stack, free, settings, progress=lambda share, message: seen.append((share, message))
    )
    assert last.step == "bilateral"
    assert seen[-1] == (1.0, "done")
    for preset in (SolverSettings.simulation, SolverSettings.nyuv2, SolverSettings.make3d):
        assert not preset().occlusion


def test_blocks_give_what_the_whole_image_gives(strip):
    settings = SETTINGS.replace(epochs=1, initialization="focus", outlier_method="none", threads=None)
    whole = solve(strip.stack, LENS, settings)
    blocks = solve(strip.stack, LENS, settings, block=64)
    same = np.abs(np.asarray(blocks.depth) - whole.depth) <= 1e-3
    assert same.mean() > 0.99
    assert (np.abs(blocks.all_in_focus - whole.all_in_focus) < 2 / 255).mean() > 0.99
    assert len(blocks.losses) == len(whole.losses)


def test_windows_that_end_within_the_image_give_what_the_whole_image_gives(strip):
    shape = (64, 640)
    stack, image, start = (
        np.roll(np.tile(part[..., 40:104, :], 4), 28, axis=-1)  # so that an edge lies on that of a tile
        for part in (strip.stack, strip.mosaic, strip.start)
    )
    stack = (stack + np.random.default_rng(0).normal(0, 12, stack.shape)).clip(0, 254).astype(np.uint8)
    observations = load_stack(stack)
    fit = RayFit.of([ray_samples(observations, LENS, SETTINGS, start, image, sample_tiles(shape), None)])
    whole = DepthEdges(observations, LENS, SETTINGS, None, fit, Noise.white(0.006))
    after = whole.first(start, image, lambda share: None)
    end, seen = whole.last(after, image, lambda share: None)
    assert (end != start).mean() > 0.01
    blocks = grid(shape, 128, HALO, SIDE)
    assert sum(block.outer.width < shape[1] for block in blocks) > 2
    for block in blocks:
        window = (slice(None), *block.outer.slices)
        part = replace(whole, observations=load_stack(np.ascontiguousarray(stack[window])))
        begin = np.ascontiguousarray(start[block.outer.slices]), np.ascontiguousarray(image[window])
        found = part.first(*begin, lambda share: None)
        assert_array_equal(found[block.inside], after[block.inner.slices])
        middle = np.ascontiguousarray(after[block.outer.slices])
        found, drawn = part.last(middle, begin[1], lambda share: None)
        assert_array_equal(found[block.inside], end[block.inner.slices])
        assert_allclose(drawn[(..., *block.inside)], seen[(..., *block.inner.slices)], atol=1e-6)


def test_blocks_take_the_scale_of_the_whole_image(strip, monkeypatch):
    """A light, a misfit or an edge in another block must not be missed."""
    seen = []
    original = occlusion.search_tile

    def spy(part, block, labels, image, misfit, effort):
        seen.append(misfit)
        return original(part, block, labels, image, misfit, effort)

    monkeypatch.setattr(occlusion, "search_tile", spy)
    settings = SETTINGS.replace(epochs=1, initialization="focus")
    solve(strip.stack, LENS, settings)
    whole, seen[:] = set(seen), []
    BlockRun(strip.stack, LENS, settings, Local(), None, 64, None).solve()
    assert len(whole) == len(set(seen)) == 1
    assert set(seen).pop() == pytest.approx(whole.pop(), rel=0.02)


def test_two_searches_with_a_vote_between_leave_less_wrong_than_without(strip, resolved):
    searched = strip.resolved(SETTINGS.replace(weighted_median=0.0))
    edge = strip.from_edge < 6
    errors = [strip.relative_error(found[0])[edge].mean() for found in (resolved, searched)]
    assert errors[0] < 0.95 * errors[1]


def test_pairs_that_see_the_band_are_traced_and_few_others(strip):
    rays = rays_of(LENS, SETTINGS, SEARCH)
    part = RayTile.of(rays, strip.observations, None, Tile(0, 0, *SHAPE), SEARCH)
    labels = np.ascontiguousarray(part.window.cut(rays.labels(strip.coordinates)))
    band = part.window.cut(strip.from_edge < 3)
    traced, whole = (part.trace(labels, mask, SEARCH.sharp) for mask in (band, part.pixels))
    seen = int(whole.seeing(band).sum())
    assert int(traced.seeing(band).sum()) > 0.95 * seen
    assert len(traced.pixels) < 0.7 * len(whole.pixels)


def test_all_planes_of_a_short_stack_count_and_some_of_a_long_one():
    for count, least, most in ((9, 9, 9), (60, 8, 17)):
        lens = ThinLens.from_camera(50, 2.8, 30, 1 / np.linspace(1 / NEAR, 1 / FAR, count), blur_scale=0.5)
        rays = rays_of(lens, SETTINGS, SEARCH)
        assert least <= spread_planes(rays, SEARCH).sum() <= most


def test_without_edges_nothing_is_traced(strip):
    rays = rays_of(LENS, SETTINGS, SEARCH)
    part = RayTile.of(rays, strip.observations, None, Tile(0, 0, *SHAPE), SEARCH)
    labels = np.zeros(part.window.shape, np.int32)
    assert len(part.trace(labels, np.zeros(labels.shape, bool), SEARCH.sharp).pixels) == 0
