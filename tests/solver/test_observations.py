import dask.array as da
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from napari_defocus import read_focal_stack
from napari_defocus.errors import CancelledError, InputError
from napari_defocus.solver.observations import load_stack


@pytest.mark.parametrize(
    ("dtype", "white"),
    [(np.uint8, 255), (np.uint16, 65535), (np.float32, 3.0), (np.float64, 3.0), (np.int32, 3.0)],
)
def test_intensities_come_to_unit_range(dtype, white):
    stack = np.zeros((3, 9, 10), dtype)
    stack[1, 2, 3] = white
    loaded = load_stack(stack)
    assert loaded.plane(1)[0, 2, 3] == pytest.approx(1.0)
    assert loaded.shape == (9, 10)
    assert loaded.count == 3


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_integers_are_kept_as_they_are(dtype):
    stack = np.random.default_rng(0).integers(0, 200, (3, 9, 10, 3)).astype(dtype)
    loaded = load_stack(stack)
    assert loaded.planes.dtype == dtype
    assert_array_equal(loaded.planes, np.moveaxis(stack, -1, 1))


def test_big_endian_files_are_read():
    stack = np.arange(3 * 9 * 10, dtype=">u2").reshape(3, 9, 10)
    loaded = load_stack(stack)
    assert loaded.planes.dtype.isnative
    assert loaded.planes.dtype == np.uint16
    assert_array_equal(loaded.planes[:, 0], stack)


def test_given_white_level():
    stack = np.full((2, 9, 9), 1000, np.uint16)
    assert_allclose(load_stack(stack, 4095).plane(0), 1000 / 4095)


def test_dask_is_read_plane_by_plane():
    planes_at_once = []

    def block(block_info=None):
        planes_at_once.append(block_info[None]["chunk-shape"][0])
        return np.full(block_info[None]["chunk-shape"], 7, np.uint8)

    stack = da.map_blocks(block, chunks=((1,) * 5, (8,), (9,)), dtype=np.uint8)
    assert (load_stack(stack).planes == 7).all()
    assert set(planes_at_once) == {1}


def test_chunks_of_several_planes_are_read_once():
    reads = []

    def block(block_info=None):
        reads.append(block_info[None]["array-location"][0])
        return np.full(block_info[None]["chunk-shape"], 7, np.uint8)

    stack = da.map_blocks(block, chunks=((3, 2), (8,), (9,)), dtype=np.uint8, meta=np.empty(0, np.uint8))
    assert (load_stack(stack).planes == 7).all()
    assert sorted(reads) == [(0, 3), (3, 5)]


def test_a_focal_stack_or_a_list_of_images_will_do():
    planes = [np.full((9, 9), k, np.uint8) for k in range(3)]
    assert load_stack(planes).planes.dtype == np.uint8
    assert load_stack(read_focal_stack(np.array(planes))).count == 3


@pytest.mark.parametrize(
    ("images", "says"),
    [
        ("my_stack", "read_focal_stack"),
        (None, "NoneType"),
        ([np.zeros((9, 9)), np.zeros((9, 10))], "differ in size"),
        (np.float32(3), "planes, Y, X"),
    ],
)
def test_what_is_no_array_is_refused(images, says):
    with pytest.raises(InputError, match=says):
        load_stack(images)


def test_white_level_must_be_positive():
    with pytest.raises(InputError, match="white"):
        load_stack(np.ones((3, 9, 9)), 0)


def test_colour_and_grey():
    rng = np.random.default_rng(1)
    stack = rng.random((2, 9, 9, 3))
    loaded = load_stack(stack, 1.0)
    assert loaded.colour
    assert_allclose(loaded.grey(1), stack[1] @ [0.2125, 0.7154, 0.0721], rtol=1e-5)
    assert_allclose(loaded.to_image(loaded.plane(1)), stack[1], rtol=1e-6)
    assert not load_stack(stack[..., 0]).colour


@pytest.mark.parametrize(
    ("stack", "says"),
    [
        (np.zeros((1, 9, 9), np.uint8), "only one plane"),
        (np.zeros((9, 9), np.uint8), r"\(planes, Y, X\)"),
        (np.zeros((9, 9, 3), np.uint8), "one colour image"),
        (np.zeros((4, 9, 9, 4), np.uint8), "RGBA"),
        (np.zeros((4, 2, 9, 9), np.uint8), "four axes"),
        (np.zeros((2, 2, 4, 9, 9), np.uint8), r"\(planes, Y, X\)"),
        (np.zeros((4, 9, 9), complex), "real numbers"),
        (np.zeros((4, 9, 9), bool), "real numbers"),
        (np.zeros((4, 5, 9), np.uint8), "at least 8"),
        (np.zeros((4, 9, 9), np.float32), "black"),
        (np.array([np.zeros((9, 9)), np.full((9, 9), np.nan)]), "Plane 1 .* NaN"),
        (np.array([np.full((9, 9), np.inf), np.ones((9, 9))]), "Plane 0 .* infinite"),
    ],
)
def test_what_is_no_stack_is_refused_in_one_sentence(stack, says):
    with pytest.raises(InputError, match=says) as caught:
        load_stack(stack)
    assert "\n" not in str(caught.value)


def test_reading_can_be_stopped():
    def stop(share):
        raise CancelledError

    with pytest.raises(CancelledError):
        load_stack(np.ones((3, 9, 9)), progress=stop)


def test_one_image_in_all_planes_is_no_stack():
    plane = np.random.default_rng(0).random((16, 16))
    with pytest.raises(InputError, match="All 3 planes of the stack are the same image"):
        load_stack(np.stack([plane] * 3))
    load_stack(np.full((3, 16, 16), 0.5))  # empty, but nothing that a camera could not give
