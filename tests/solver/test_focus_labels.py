"""Labels and peaks of the start by the focus measure, on stacks by the solver's own model."""

from dataclasses import astuple

import numpy as np
import pytest
from focus_scene import INNER, LENS, RANGE, SHAPE, step, with_grain
from numpy.testing import assert_array_equal
from stacks import model_stack, texture

from napari_defocus import SolverSettings, UncalibratedFocus, solve
from napari_defocus.optics.tiles import Tile
from napari_defocus.solver import focus_start, reduction
from napari_defocus.solver.focus_labels import cells
from napari_defocus.solver.focus_start import enlarged
from napari_defocus.solver.initialization import start_of
from napari_defocus.solver.observations import load_stack

ORDER = [3, 0, 4, 1, 2]
"""Order of the planes in which they are unsorted."""


@pytest.mark.parametrize("factor", [2, 3])
def test_coarse_cut_and_refinement_agree_with_the_full_cut(monkeypatch, factor):
    truth, stack = step()
    observations = load_stack(stack, 1.0)
    full = start_of(observations, LENS, SolverSettings()).labels
    assert (full == truth).mean() > 0.99
    monkeypatch.setattr(reduction, "MAX_CUT_SIZE", stack.size // factor**2 + 1)
    assert reduction.reduction(len(stack), SHAPE) == factor
    reduced = start_of(observations, LENS, SolverSettings()).labels
    assert (reduced == full).mean() > 0.98
    assert (reduced == truth).mean() > 0.98


def test_tiles_do_not_show_in_labels_and_peaks(monkeypatch):
    observations = load_stack(step()[1], 1.0)
    whole = start_of(observations, LENS, SolverSettings())
    monkeypatch.setattr(focus_start, "TILE", 32)
    monkeypatch.setattr(reduction, "MAX_CUT_SIZE", step()[1].size // 4 + 1)
    tiled = start_of(observations, LENS, SolverSettings(threads=2))
    monkeypatch.setattr(focus_start, "TILE", 256)
    reduced = start_of(observations, LENS, SolverSettings())
    assert (tiled.labels == reduced.labels).mean() > 0.999
    same = tiled.labels == whole.labels
    assert same.mean() > 0.98
    assert np.abs(tiled.peaks - whole.peaks)[same].max() < 1e-5


@pytest.mark.parametrize(
    ("sigma_per_plane", "noise", "most"),
    [(0.8, 0, 0.04), (0.8, 0.01, 0.09), (1.5, 0, 0.12), (1.5, 0.01, 0.2)],
)
def test_peaks_place_a_slanted_plane_between_the_planes(sigma_per_plane, noise, most):
    """Median error as a share of the distance of the planes; that of the labels is a quarter."""
    optics = UncalibratedFocus(planes=8, blur_per_plane=2 * sigma_per_plane, blur_scale=0.5)
    truth = np.broadcast_to(np.linspace(0, 7, SHAPE[1]), SHAPE)
    stack = with_grain(model_stack(optics, truth, texture(SHAPE, seed=7), (0, 7), kernel="disc"), noise)
    start = start_of(load_stack(stack, 1.0), optics, SolverSettings())
    error = (start.peaks - truth)[INNER]
    assert np.median(np.abs(error)) < most
    assert abs(np.median(error)) < 0.03
    assert np.median(np.abs(start.labels - truth)[INNER]) > 0.2


def test_peaks_of_a_lens_are_blur_coordinates():
    truth, stack = step()
    start = start_of(load_stack(stack, 1.0), LENS, SolverSettings())
    apart = np.abs(np.diff(LENS.centers)).mean()
    assert np.median(np.abs(start.peaks - LENS.centers[truth])) < 0.1 * apart


@pytest.mark.parametrize("reduced", [False, True])
def test_unsorted_planes_start_the_same(monkeypatch, reduced):
    if reduced:
        monkeypatch.setattr(reduction, "MAX_CUT_SIZE", step()[1].size // 9 + 1)
    stack, settings = step()[1], SolverSettings()
    start = start_of(load_stack(stack, 1.0), LENS, settings)
    mixed = LENS.replace(focus_distances=[LENS.focus_distances[k] for k in ORDER])
    other = start_of(load_stack(stack[ORDER], 1.0), mixed, settings)
    assert astuple(other.noise) == pytest.approx(astuple(start.noise))
    assert_array_equal(np.array(ORDER)[other.labels], start.labels)
    assert np.abs(other.peaks - start.peaks).max() < 1e-6


def test_unsorted_planes_give_the_same_depth_map():
    stack = step()[1]
    mixed = LENS.replace(focus_distances=[LENS.focus_distances[k] for k in ORDER])
    settings = SolverSettings(depth_range=RANGE, epochs=2, white=1.0)
    there, back = solve(stack, LENS, settings), solve(stack[ORDER], mixed, settings)
    difference = np.abs(there.depth - back.depth)
    assert (difference < 1e-3 * (RANGE[1] - RANGE[0])).mean() > 0.98  # the search judges plane by plane
    assert np.abs(there.all_in_focus - back.all_in_focus).mean() < 3e-4
    assert back.losses == pytest.approx(there.losses, rel=1e-3)


def test_cells_are_means_and_pixels_find_theirs():
    values = np.arange(2 * 5 * 7, dtype=np.float32).reshape(2, 5, 7)
    found = cells(values, 3)
    assert found.shape == (2, 2, 3)
    assert found[1, 0, 1] == values[1, :3, 3:6].mean()
    assert found[0, 1, 2] == values[0, [3, 4, 4], 6].mean()  # the last row stands for the missing one too
    labels = np.arange(6, dtype=np.int32).reshape(2, 3)
    whole = np.kron(labels, np.ones((3, 3), np.int32))[:5, :7]
    tile = Tile(1, 2, 4, 5)
    assert_array_equal(enlarged(labels, tile, 3), whole[tile.slices])
