"""Blockwise runs on one machine, and the parts that they are made of."""

import os
from dataclasses import astuple

import dask.array as da
import numpy as np
import pytest
import zarr
from block_scene import BLOCK, LENS, RANGE, SHAPE, agreement, bumps, with_lights
from numpy.testing import assert_allclose, assert_array_equal
from stacks import PAPER, texture

from napari_defocus import CancelledError, InputError, SolverSettings, UncalibratedFocus, solve
from napari_defocus.io.parameters import load_parameters
from napari_defocus.optics.tiles import Tile
from napari_defocus.solver import block_start, block_tasks, initialization, reduction
from napari_defocus.solver.block_run import BlockRun
from napari_defocus.solver.blocks import FIRM_PULL, Block, finishing_halo, grid, solving_halo
from napari_defocus.solver.cluster import Local
from napari_defocus.solver.glare import find_glare
from napari_defocus.solver.initialization import start_of
from napari_defocus.solver.observations import load_stack
from napari_defocus.solver.run_operator import blur_operator

QUICK = SolverSettings(epochs=1, depth_range=RANGE, initialization="focus", estimate_blur=False)


@pytest.fixture(scope="module")
def stack():
    return bumps(noise=0.01)


@pytest.fixture(scope="module")
def quick(stack):
    """The untiled solve."""
    return solve(stack, LENS, QUICK)


class Reads:
    """An array that remembers how large the parts were that were read of it."""

    def __init__(self, values):
        self.values = values
        self.shape, self.dtype, self.ndim = values.shape, values.dtype, values.ndim
        self.sizes = []

    def __getitem__(self, index):
        part = self.values[index]
        self.sizes.append(part.shape)
        return part


def test_blocks_cover_the_image_once_with_halos_inside_the_frame():
    seen = np.zeros((130, 75), int)
    numbers = np.arange(seen.size).reshape(seen.shape)
    for block in grid(seen.shape, 50, 7):
        seen[block.inner.slices] += 1
        assert max(block.inner.height, block.inner.width) <= 50
        assert_array_equal(numbers[block.outer.slices][block.inside], numbers[block.inner.slices])
    assert (seen == 1).all()
    assert grid(seen.shape, 50, 7)[3] == Block(Tile(50, 50, 50, 25), Tile(43, 43, 64, 32))


def test_a_narrow_last_block_is_joined_to_the_one_before():
    sides = [(block.inner.height, block.inner.width) for block in grid((130, 75), 50, 7, least=31)]
    assert sides == [(50, 75), (80, 75)]
    assert [block.inner for block in grid((20, 8), 50, 7, least=30)] == [Tile(0, 0, 20, 8)]
    # cells of 50 px: the outer tile ends with the frame where a cell there may be joined, else where it did
    ends = [block.outer.x0 + block.outer.width for block in grid((50, 330), 100, 10, cell=50)]
    assert ends == [110, 210, 330, 330]


def test_halos_grow_with_what_reaches_across_the_border():
    prior, smooth = SolverSettings(), SolverSettings(smoothness=2.0)
    assert solving_halo(20, 5, 0.0, prior) == solving_halo(20, 5, 1.0, prior) + 20
    assert solving_halo(20, 5, FIRM_PULL, prior) == solving_halo(20, 5, 1.0, prior)
    assert solving_halo(30, 5, 1.0, prior) == solving_halo(20, 5, 1.0, prior) + 10
    assert solving_halo(20, 25, 1.0, prior) == solving_halo(20, 5, 1.0, prior) + 10
    assert solving_halo(20, 5, 1.0, prior) < solving_halo(20, 5, 1.0, smooth)
    assert finishing_halo(30, prior) == 30 + 6 * prior.outlier_radius
    assert finishing_halo(30, prior.replace(outlier_fill="mean")) == 30 + 12 * prior.outlier_radius
    assert finishing_halo(30, prior.replace(outlier_method="none")) == 30


def start_in_blocks(stack, settings, side):
    """Labels, peaks (None where none are asked for) and variance of the noise, found in blocks."""
    run = BlockRun(stack, LENS, settings, Local(), None, side, None)
    start = block_tasks.as_start(np.asarray(run._start(run.stack())))
    return start.labels, start.peaks, run.noise


@pytest.mark.parametrize("reduced", [False, True])
@pytest.mark.parametrize("colour", [False, True])
def test_labels_as_in_the_paper_are_those_of_the_whole_image(monkeypatch, reduced, colour):
    stack = bumps(noise=0.02, colour=colour)
    if reduced:  # by 3, of which the block's side is no multiple
        monkeypatch.setattr(reduction, "MAX_CUT_SIZE", stack.shape[0] * SHAPE[0] * SHAPE[1] // 8)
    settings = PAPER.replace(depth_range=RANGE, white=1.0)
    whole = start_of(load_stack(stack, 1.0), LENS, settings)
    labels, peaks, noise = start_in_blocks(stack, settings, BLOCK)
    assert (labels == whole.labels).mean() > 0.9999  # rounding may decide between equal costs
    assert (peaks, noise) == (whole.peaks, whole.noise) == (None, None)


@pytest.mark.parametrize(
    ("side", "reduced", "lights"), [(32, False, False), (64, True, False), (50, True, True)]
)
def test_start_by_the_focus_measure_is_that_of_the_whole_image(monkeypatch, side, reduced, lights):
    """With `lights`, saturated spots whose discs reach across the borders of the blocks."""
    stack = bumps(noise=0.02, shape=(110, 150)) / np.float32(1.05)
    if lights:
        stack = with_lights(stack)
    if reduced:  # by 3, of which the blocks' sides are no multiple
        monkeypatch.setattr(reduction, "MAX_CUT_SIZE", stack[0].size * len(stack) // 8)
        assert reduction.reduction(len(stack), stack.shape[1:]) == 3
    observations = load_stack(stack, 1.0)
    assert (find_glare(observations, LENS) is not None) == lights
    settings = SolverSettings(depth_range=RANGE, white=1.0)
    whole = start_of(observations, LENS, settings)
    labels, peaks, noise = start_in_blocks(stack, settings, side)
    assert astuple(noise) == pytest.approx(astuple(whole.noise), rel=1e-6)
    assert (labels == whole.labels).mean() > 0.999
    step = np.abs(np.diff(np.sort(LENS.centers))).min()
    assert (np.abs(peaks - whole.peaks) < 1e-3 * step).mean() > 0.999


def test_interpolated_labels_of_a_tile_are_those_of_the_whole():
    coarse = np.random.default_rng(0).integers(0, 9, (14, 23)).astype(np.int32)
    whole = initialization._enlarge(coarse, (55, 90))
    tile = Tile(20, 31, 30, 40)
    assert_allclose(block_start.interpolated(coarse, (55, 90), tile), whole[tile.slices], atol=1e-5)


def test_residuals_of_the_blocks_add_up_to_that_of_the_image(stack, monkeypatch):
    monkeypatch.setattr(block_tasks, "MEASURED_AT_ONCE", 40)
    observations = load_stack(stack, 1.0)
    operator = blur_operator(LENS, QUICK, SHAPE)
    image = texture(SHAPE, seed=5)
    coordinates = operator.coordinates(np.random.default_rng(1).uniform(1, 5, SHAPE))
    parts = []
    for block in grid(SHAPE, BLOCK, operator.halo):
        wide = (..., *block.outer.slices)
        window = load_stack(stack[wide], 1.0)
        parts.append(block_tasks.residual_inside(operator, window, image[wide], coordinates[wide], block))
    whole = operator.loss(image, observations.planes, observations.scale, coordinates)
    assert sum(parts) == pytest.approx(whole, rel=1e-5)


def test_blocks_on_one_machine_give_the_untiled_result(stack, quick):
    result = solve(stack, LENS, QUICK, block=BLOCK)
    assert agreement(result, quick) > 0.999
    # the few iterations at the end depend a little on what else is in the window
    assert np.quantile(np.abs(result.all_in_focus - quick.all_in_focus), 0.999) < 1e-3
    assert (result.outliers != quick.outliers).mean() < 1e-3
    assert (np.abs(result.confidence - quick.confidence) < 1e-2).mean() > 0.999
    assert_allclose(result.losses, quick.losses, rtol=1e-4)
    assert (np.diff(result.losses) <= 0).all()
    assert result.parameters["blocks"]["side"] == BLOCK
    assert {k: result.parameters[k] for k in ("optics", "settings")} == quick.parameters


def test_outliers_are_flagged_and_filled_alike_in_blocks(stack, quick):
    settings = QUICK.replace(outlier_confidence=float(np.quantile(quick.confidence, 0.05)))
    whole = solve(stack, LENS, settings)
    assert 0.005 < whole.outliers.mean() < 0.5
    result = solve(stack, LENS, settings, block=BLOCK)
    assert (result.outliers != whole.outliers).mean() < 1e-3
    assert agreement(result, whole) > 0.997  # one that is flagged in one of them alone differs as a whole


def test_blocks_agree_when_the_depth_has_come_to_rest(stack):
    """Where the loss hardly falls any more, what one sum over the whole image decided would show."""
    settings = SolverSettings(epochs=8, least_gain=0, depth_range=RANGE)
    assert agreement(solve(stack, LENS, settings, block=BLOCK), solve(stack, LENS, settings)) > 0.999


def test_outer_tiles_are_made_of_whole_cells():
    for block in grid((300, 400), 100, 44, cell=64):
        for first, length, inner_end, frame in (
            (block.outer.y0, block.outer.height, block.inner.y0 + block.inner.height, 300),
            (block.outer.x0, block.outer.width, block.inner.x0 + block.inner.width, 400),
        ):
            assert first % 64 == 0
            end = -(-inner_end // 64) * 64 + 44
            assert first + length == (frame if frame - end < 64 else end)


def test_colour_blocks_give_the_untiled_result():
    stack = (255 * bumps(colour=True, shape=(90, 110))).astype(np.uint8)
    whole = solve(stack, LENS, QUICK)
    result = solve(stack, LENS, QUICK, block=64)
    assert result.all_in_focus.shape == (90, 110, 3)
    assert agreement(result, whole) > 0.999


def test_a_store_gets_the_result_in_chunks_of_the_blocks_with_all_to_run_it_again(stack, quick, tmp_path):
    path = tmp_path / "results" / "bumps.zarr"
    images = da.from_array(stack, chunks=(1, -1, -1))  # one plane a chunk, as files are read
    result = solve(images, LENS, QUICK, store=path, block=BLOCK)
    assert isinstance(result.depth, da.Array)
    assert agreement(result, quick) > 0.999
    group = zarr.open_group(path, mode="r")
    assert {name for name, _ in group.arrays()} == {"depth", "all_in_focus", "outliers", "confidence"}
    for name, array in group.arrays():
        assert array.shape == SHAPE
        assert array.chunks == (BLOCK, BLOCK)
        assert array.metadata.dimension_names == ("y", "x")
        assert_array_equal(array[:], getattr(result, name))
    assert group["depth"].attrs["unit"] == group.attrs["unit"] == "m"
    assert group.attrs["losses"] == list(result.losses)
    optics, settings = load_parameters(path)
    assert (optics, settings) == (LENS, QUICK)
    assert os.listdir(path.parent) == ["bumps.zarr"]


@pytest.mark.parametrize("source", ["zarr", "dask"])
def test_of_a_chunked_stack_no_task_reads_more_than_its_window(stack, quick, tmp_path, source):
    chunks = (1, 50, 50)
    if source == "zarr":
        images = zarr.create_array(tmp_path / "s.zarr", shape=stack.shape, dtype="f4", chunks=chunks)
        images[:] = stack
    else:
        images = da.from_array(Reads(stack), chunks=chunks, asarray=False)
    result = solve(
        images, LENS, QUICK.replace(white=float(stack.max())), store=tmp_path / "r.zarr", block=BLOCK
    )
    assert agreement(result, quick) > 0.999
    if source == "dask":
        (reads,) = (value for value in dict(images.dask).values() if isinstance(value, Reads))
        assert reads.sizes
        assert max(np.prod(size) for size in reads.sizes) <= 50 * 50


@pytest.mark.parametrize(
    ("optics", "figure"), [(UncalibratedFocus(planes=6), "blur_per_plane"), (LENS, "blur_scale")]
)
def test_blur_is_estimated_as_on_the_whole_image(stack, optics, figure):
    settings = SolverSettings(epochs=1, initialization="focus", estimate_blur=True)
    whole = solve(stack, optics, settings)
    result = solve(stack, optics, settings, block=BLOCK)
    estimate = whole.parameters["optics"][figure]
    assert result.parameters["optics"][figure] == pytest.approx(estimate, rel=1e-6)
    assert "estimated from the stack" in whole.notes[0]
    assert result.notes == whole.notes


def test_progress_rises_to_the_end_and_cancelling_leaves_nothing(stack, tmp_path):
    seen = []
    settings = QUICK.replace(epochs=2)
    solve(stack, LENS, settings, block=BLOCK, progress=lambda share, message: seen.append((share, message)))
    shares = [share for share, _ in seen]
    assert shares == sorted(shares)
    assert seen[-1] == (1.0, "done")
    assert any(message.startswith("epoch 2 of 2, loss ") for _, message in seen)

    def stop(share, message):
        if message.startswith("epoch 1"):
            raise CancelledError

    with pytest.raises(CancelledError):
        solve(stack, LENS, settings, store=tmp_path / "r.zarr", progress=stop)
    assert os.listdir(tmp_path) == []


def test_only_an_earlier_result_is_overwritten(stack, tmp_path):
    path = tmp_path / "r.zarr"
    small = stack[:, :40, :40]
    solve(small, LENS, QUICK, store=path)
    with pytest.raises(InputError, match="there already"):
        solve(small, LENS, QUICK, store=path)
    again = solve(small + 0, LENS, QUICK.replace(depth_range=(1.0, 3.0)), store=path, overwrite=True)
    assert zarr.open_group(path, mode="r").attrs["settings"]["depth_range"] == [1.0, 3.0]
    assert again.depth.max().compute() <= 3.001
    other = tmp_path / "precious"
    other.mkdir()
    (other / "thesis.txt").write_text("...")
    with pytest.raises(InputError, match="would be lost"):
        solve(small, LENS, QUICK, store=other, overwrite=True)
    assert os.listdir(other) == ["thesis.txt"]
    assert sorted(os.listdir(tmp_path)) == ["precious", "r.zarr"]


@pytest.mark.parametrize("block", [16, 0, 64.0, True])
def test_a_block_of_no_use_is_refused(stack, block):
    with pytest.raises(InputError, match="block must be"):
        solve(stack, LENS, QUICK, block=block)


def test_nan_in_a_plane_is_named_before_any_epoch(stack):
    broken = stack.copy()
    broken[4, 190, 250] = np.nan
    with pytest.raises(InputError, match=r"Plane 4 .* NaN"):
        solve(broken, LENS, QUICK, block=BLOCK)


def test_a_part_that_is_the_same_in_all_planes_is_solved(stack):
    """As a scale bar that was written into the images."""
    marked = stack.copy()
    marked[:, :BLOCK, :BLOCK] = marked[0, :BLOCK, :BLOCK]
    assert np.isfinite(solve(marked, LENS, QUICK, block=BLOCK // 2).depth).all()


def test_one_image_in_all_planes_is_refused(stack):
    with pytest.raises(InputError, match=f"All {len(stack)} planes of the stack are the same image"):
        solve(np.stack([stack[0]] * len(stack)), LENS, QUICK, block=BLOCK)
    assert solve(np.full_like(stack, 0.5), LENS, QUICK, block=BLOCK).depth.shape == SHAPE


def test_without_zarr_a_store_is_refused_in_one_sentence(stack, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "zarr", None)
    with pytest.raises(InputError, match=r"pip install 'napari-defocus\[cluster\]'"):
        solve(stack, LENS, QUICK, store=tmp_path / "r.zarr")
