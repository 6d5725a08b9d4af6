import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from napari_defocus.errors import InputError
from napari_defocus.io import read_focal_stack
from napari_defocus.optics import UncalibratedFocus, save_optics

REAL = st.one_of(
    npst.unsigned_integer_dtypes(endianness="="),
    npst.integer_dtypes(endianness="="),
    npst.floating_dtypes(sizes=(16, 32, 64), endianness="="),
)
SHAPES = st.one_of(
    st.tuples(st.integers(2, 5), st.integers(1, 6), st.integers(5, 7)),
    st.tuples(st.integers(2, 5), st.integers(1, 6), st.integers(1, 6), st.just(3)),
)


@given(npst.arrays(REAL, SHAPES))
def test_any_real_array_comes_back_unchanged(array):
    stack = read_focal_stack(array)
    assert stack.images.chunksize == (1, *array.shape[1:])
    assert stack.images.dtype == array.dtype
    assert stack.rgb is (array.ndim == 4)
    assert stack.source == "array"
    np.testing.assert_array_equal(stack.images.compute(), array)


def test_dask_stays_lazy(make_stack):
    array = make_stack(planes=4)
    computed = []
    lazy = da.from_array(array, chunks=(2, 6, 17)).map_blocks(
        lambda block: computed.append(1) or block, dtype=array.dtype, meta=np.empty((0, 0, 0), array.dtype)
    )
    stack = read_focal_stack(lazy)
    assert computed == []
    assert stack.images.chunksize == (1, 12, 17)
    np.testing.assert_array_equal(stack.images, array)


def test_optics_are_taken_along(make_stack, tmp_path):
    optics = UncalibratedFocus(planes=4)
    save_optics(optics, tmp_path / "camera.toml")
    assert read_focal_stack(make_stack(), optics=optics).optics is optics
    assert read_focal_stack(make_stack(), optics=tmp_path / "camera.toml").optics == optics
    with pytest.raises(InputError, match="4 planes but the optics list 3"):
        read_focal_stack(make_stack(), optics=UncalibratedFocus(planes=3))


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((8, 9)), "only 1 plane"),
        (np.zeros((1, 8, 9)), "only 1 plane;|only 1 plane"),
        (np.zeros((0, 8, 9)), "only 0 planes"),
        (np.zeros((8, 9, 3)), "one image in colour"),
        (np.zeros((5, 8, 9, 4)), "4 channels"),
        (np.zeros((5, 8, 9, 2)), "2 channels"),
        (np.zeros((5, 2, 8, 9)), "4 axes"),
        (np.zeros((2, 5, 2, 8, 9)), "5 axes"),
        (np.zeros(9), "1 axes"),
        (np.zeros((5, 0, 9)), "no pixels"),
        (np.zeros((5, 8, 9), complex), "complex"),
        (np.zeros((5, 8, 9), bool), "true/false"),
        (np.zeros((5, 8, 9), object), "type object"),
        (np.zeros((5, 8, 9), "M8[s]"), "datetime"),
    ],
)
def test_arrays_that_are_no_focal_stack(array, message):
    with pytest.raises(InputError, match=message):
        read_focal_stack(array)


def test_dask_of_unknown_shape():
    array = da.from_array(np.arange(60.0).reshape(5, 3, 4), chunks=2)
    with pytest.raises(InputError, match="compute_chunk_sizes"):
        read_focal_stack(array[array[:, 0, 0] > 3])


@pytest.mark.parametrize("source", [None, 5, b"bytes", [1, 2], [np.zeros((3, 3))] * 2])
def test_sources_of_the_wrong_kind(source):
    with pytest.raises(InputError, match="path"):
        read_focal_stack(source)
