import numpy as np
import pytest
from napari.layers import Image

from napari_defocus.plugin.volume_placement import volume_placement


@pytest.mark.parametrize(
    ("plane_axis", "told", "made"),
    [
        (0, None, ("plane", "y", "x")),
        (0, ("", "", ""), ("plane", "y", "x")),
        (0, ("-3", "rows", "columns"), ("plane", "rows", "columns")),
        (0, ("z", "y", "x"), ("z", "y", "x")),
        (2, None, ("-1", "-3", "-2")),  # the slider in front is that of the rows
    ],
)
def test_only_axes_without_a_name_get_one(plane_axis, told, made):
    layer = Image(np.zeros((3, 4, 5), np.uint8), axis_labels=told)
    before = layer.axis_labels
    assert volume_placement(layer, plane_axis)["axis_labels"] == made
    assert layer.axis_labels == before
    Image(np.zeros((3, 4, 5)), **volume_placement(layer, plane_axis))


def test_an_axis_of_length_one_before_the_planes():
    layer = Image(np.zeros((1, 3, 4, 5), np.uint8), scale=(1, 2, 3, 4))
    options = volume_placement(layer, 1)
    assert options["axis_labels"] == ("plane", "y", "x")
    assert options["scale"] == (2, 3, 4)
