import dask.array as da
import numpy as np
import pytest
from napari.layers import Image, Labels
from tiny_stacks import LENS, make_stack

from napari_defocus.errors import InputError
from napari_defocus.plugin.stack_source import is_stack, stack_from_layer


def test_which_layers_are_stacks():
    assert is_stack(Image(np.zeros((3, 8, 8))))
    assert is_stack(Image(np.zeros((3, 8, 8, 3)), rgb=True))
    assert not is_stack(Image(np.zeros((8, 8, 3)), rgb=True))
    assert not is_stack(Image(np.zeros((8, 8))))
    assert not is_stack(Labels(np.zeros((3, 8, 8), int)))


def test_placement_is_that_of_the_spatial_axes():
    layer = Image(
        np.zeros((3, 8, 9)),
        scale=(2, 0.5, 0.25),
        translate=(7, 10, 20),
        units=("um", "um", "um"),
        axis_labels=("z", "y", "x"),
    )
    stack = stack_from_layer(layer)
    flat = Image(np.zeros((8, 9)), **stack.placement)
    assert tuple(flat.scale) == (0.5, 0.25)
    assert tuple(flat.translate) == (10, 20)
    assert flat.units == layer.units[1:]
    assert flat.axis_labels == ("y", "x")
    assert stack.plane_positions == (7, 9, 11)


@pytest.mark.parametrize(
    "transform",
    [
        {"rotate": [[1, 0, 0], [0, 0.8, -0.6], [0, 0.6, 0.8]]},
        {"shear": [0, 0, 0.3]},
        {"affine": [[1, 0, 0, 0], [0, 2, 0.5, 3], [0, 0, 1, 4], [0, 0, 0, 1]]},
    ],
)
def test_turned_layers_keep_their_place(transform):
    layer = Image(np.zeros((3, 8, 9)), scale=(1, 0.5, 2), translate=(0, 1, 2), **transform)
    flat = Image(np.zeros((8, 9)), **stack_from_layer(layer).placement)
    corner = (7.0, 8.0)
    assert flat.data_to_world(corner) == pytest.approx(layer.data_to_world((0, *corner))[1:])


def test_planes_come_first():
    data = np.arange(3 * 8 * 9).reshape(8, 3, 9)
    stack = stack_from_layer(Image(data), plane_axis=1)
    assert stack.planes == 3
    np.testing.assert_array_equal(stack.images[1], data[:, 1])


def test_colours_stay_last():
    stack = stack_from_layer(Image(make_stack(rgb=True), rgb=True))
    assert stack.images.shape == (4, 24, 24, 3)


def test_dask_stays_dask():
    images = stack_from_layer(Image(da.zeros((3, 8, 9), chunks=(1, 8, 9)), contrast_limits=(0, 1))).images
    assert isinstance(images, da.Array)


def test_other_arrays_are_wrapped_and_not_read():
    class OnDisk:
        shape, dtype, ndim, chunks = (3, 8, 9), np.dtype("uint8"), 3, (1, 8, 9)
        reads = 0

        def __getitem__(self, key):
            self.reads += 1
            return np.zeros(self.shape, self.dtype)[key]

    data = OnDisk()
    layer = Image(data, contrast_limits=(0, 1), rgb=False)
    before = data.reads
    images = stack_from_layer(layer).images
    assert isinstance(images, da.Array)
    assert data.reads == before


def test_axes_of_one_step_are_dropped():
    stack = stack_from_layer(Image(np.zeros((3, 1, 8, 9))), plane_axis=0)
    assert stack.images.shape == (3, 8, 9)
    stack = stack_from_layer(Image(np.zeros((1, 3, 8, 9))), plane_axis=1)
    assert stack.images.shape == (3, 8, 9)


def test_too_many_axes():
    with pytest.raises(InputError, match="'time' has 4 axes of shape"):
        stack_from_layer(Image(np.zeros((5, 3, 8, 9)), name="time"))


def test_multiscale_takes_the_full_size():
    layer = Image([np.zeros((3, 16, 16)), np.zeros((3, 8, 8))], multiscale=True)
    assert stack_from_layer(layer).images.shape == (3, 16, 16)


def test_optics_come_from_the_metadata():
    entry = {"optics": LENS.to_dict(), "focal_stack": {}}
    assert stack_from_layer(Image(make_stack(), metadata={"napari_defocus": entry})).optics == LENS.to_dict()
    assert stack_from_layer(Image(make_stack(), metadata={"napari_defocus": "else"})).optics is None


def test_one_plane_is_no_stack():
    with pytest.raises(InputError, match="'single' has one plane along its plane axis; choose another"):
        stack_from_layer(Image(np.zeros((1, 16, 16)), name="single"))
