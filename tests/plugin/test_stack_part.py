import dask.array as da
import numpy as np
import pytest
from napari.layers import Image, Shapes
from tiny_stacks import make_stack

from napari_defocus.errors import InputError
from napari_defocus.io.stack_part import RIM
from napari_defocus.plugin.stack_part import preview_factor, preview_of, rectangle_in, region_of
from napari_defocus.plugin.stack_source import stack_from_layer

PLACES = [
    {},
    {"scale": (2, 0.5, 0.25), "translate": (3, 10, 20)},
    {"scale": (2, 0.5, 0.5), "rotate": 30.0, "translate": (0, -4, 7)},
    {"shear": (0, 0, 0.3), "affine": np.array([[1, 0, 0, 0], [0, 2, 1, 5], [0, 0, 1, 6], [0, 0, 0, 1]])},
]


def stack_at(data=None, **place):
    return stack_from_layer(Image(make_stack(side=40) if data is None else data, name="stone", **place))


def result_layer(part):
    return Image(np.asarray(part.images[0]), **part.placement)


@pytest.mark.parametrize("place", PLACES)
def test_region_lies_where_it_was_cut_out(place):
    stack = stack_at(**place)
    part = region_of(stack, (slice(5, 25), slice(12, 33)))
    assert part.images.shape == (4, 40, 40)  # with a rim as far as there is any
    assert part.inside == (slice(5, 25), slice(12, 33))
    assert part.title == "region stone"
    whole, cut = result_layer(stack), result_layer(part)
    for pixel in [(0, 0), (19, 20), (3.5, 7.25)]:
        assert cut.data_to_world(pixel) == pytest.approx(whole.data_to_world(np.add(pixel, (5, 12))))


@pytest.mark.parametrize("place", PLACES)
def test_preview_lies_on_the_stack(place):
    stack = stack_at(**place)
    part = preview_of(stack, 4)
    assert part.images.shape == (4, 10, 10)
    assert part.title == "preview stone"
    assert part.binning == 4
    whole, small = result_layer(stack), result_layer(part)
    for corner in [
        (-0.5, -0.5),
        (9.5, 9.5),
        (-0.5, 3.5),
    ]:
        place_there = whole.data_to_world(4 * (np.array(corner) + 0.5) - 0.5)
        assert small.data_to_world(corner) == pytest.approx(place_there)


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_pixels_of_the_preview_are_means(lazy, dtype):
    data = make_stack(side=42, rgb=True, dtype=dtype)
    stack = stack_at(da.from_array(data) if lazy else data, rgb=True)
    small = preview_of(stack, 4).images
    assert isinstance(small, da.Array)  # nothing is computed in the window's thread
    assert small.dtype == data.dtype
    means = data[:, :40, :40].reshape(4, 10, 4, 10, 4, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(small.compute(), means, atol=0.5 if dtype.startswith("u") else 1e-6)


def test_the_window_copies_no_stack_for_a_preview():
    data = make_stack(side=40)
    small = preview_of(stack_at(data), 4).images
    data[:] = 7
    assert (small.compute() == 7).all()


def test_a_region_has_a_rim_that_blur_reaches_across():
    data = make_stack(side=100)
    part = region_of(stack_at(data), (slice(30, 60), slice(90, 100)))
    assert part.inside == (slice(RIM, RIM + 30), slice(RIM, RIM + 10))
    np.testing.assert_array_equal(part.images, data[:, 30 - RIM : 60 + RIM, 90 - RIM :])
    np.testing.assert_array_equal(part.images[:, *part.inside], data[:, 30:60, 90:])


def test_preview_of_a_region_is_of_what_is_inside():
    data = make_stack(side=64)
    part = preview_of(region_of(stack_at(data), (slice(8, 40), slice(20, 52))), 2)
    assert part.title == "region preview stone"
    assert part.inside is None
    np.testing.assert_array_equal(part.images, preview_of(stack_at(data[:, 8:40, 20:52]), 2).images)
    assert part.placement["translate"] == pytest.approx((8.5, 20.5))
    part = preview_of(region_of(stack_at(make_stack(side=250)), (slice(50, 170), slice(60, 180))))
    assert part.binning == preview_factor((4, 120, 120)) != preview_factor((4, 152, 152))


def test_factor_of_the_preview():
    assert preview_factor((8, 1000, 1000, 3)) == 6  # 8 million samples over 36
    assert preview_factor((2, 200, 200)) == 2  # a preview is always smaller
    assert preview_factor((300, 150, 150)) == 2  # but not too small
    assert preview_factor((4, 40, 40)) == 1


@pytest.mark.parametrize("place", PLACES)
def test_rectangle_covers_the_pixels_that_it_was_drawn_around(place):
    stack = stack_at(**place)
    shapes = Shapes(ndim=2, **stack.placement)
    shapes.add_rectangles(np.array([[4.6, 11.6], [4.6, 32.4], [24.4, 32.4], [24.4, 11.6]]))
    assert rectangle_in(shapes, stack) == (slice(5, 25), slice(12, 33))


def test_rectangle_of_another_layer_in_three_axes():
    stack = stack_at(scale=(1, 0.5, 0.5))
    shapes = Shapes([np.array([[1, 2, 3], [1, 2, 15], [1, 17, 15], [1, 17, 3]])], shape_type="rectangle")
    assert rectangle_in(shapes, stack) == (slice(4, 35), slice(6, 31))


def test_selected_shape_else_the_last():
    stack = stack_at()
    shapes = Shapes(ndim=2)
    for start in (0, 10):
        shapes.add_rectangles(np.array([[start, start], [start + 15, start + 15]]))
    shapes.selected_data = set()
    assert rectangle_in(shapes, stack)[0].start == 10
    shapes.selected_data = {0}
    assert rectangle_in(shapes, stack)[0].start == 0


def test_rectangle_is_cut_at_the_frame():
    shapes = Shapes([np.array([[-20, -5], [20, 100]])], shape_type="rectangle")
    assert rectangle_in(shapes, stack_at()) == (slice(0, 21), slice(0, 40))


@pytest.mark.parametrize("corners", [[[100, 100], [120, 120]], [[5, 5], [9, 30]], [[-30, 0], [-10, 20]]])
def test_too_small_or_beside_the_stack(corners):
    shapes = Shapes([np.array(corners)], shape_type="rectangle", name="box")
    with pytest.raises(InputError, match=r"that in layer 'box' covers .* 8 x 8 px"):
        rectangle_in(shapes, stack_at())


def test_nothing_drawn():
    with pytest.raises(InputError, match="layer 'box' is empty"):
        rectangle_in(Shapes(ndim=2, name="box"), stack_at())
