"""A rectangle drawn over a layer that is scaled, rotated, sheared or moved takes the pixels below it."""

import numpy as np
import pytest
from napari.layers import Image, Shapes
from superqt.utils import WorkerBase
from tiny_stacks import add_stack, make_stack

from napari_defocus.io import stack_part
from napari_defocus.plugin.defocus_widget import DefocusWidget
from napari_defocus.plugin.drawn_shapes import outline_in
from napari_defocus.plugin.drawn_shapes import region_of as pixels_in

SIDE = 40
AFFINE = [[1, 0, 0, 0], [0, 2, 1, 5], [0, -0.5, 1, 6], [0, 0, 0, 1]]
PLACES = {
    "scale": {"scale": (2, 0.5, 0.25), "translate": (3, 10, 20)},
    "mirrored": {"scale": (1, -0.5, 0.5), "translate": (0, 7, 1)},
    "rotate": {"scale": (2, 0.5, 0.5), "rotate": 30.0, "translate": (0, -4, 7)},
    "rotate, odd pixels": {"scale": (1, 0.5, 1.5), "rotate": -75.0},
    "shear": {"scale": (1, 2, 3), "shear": (0, 0, 0.4)},
    "affine": {"scale": (1, 2, 1), "rotate": 20.0, "affine": np.array(AFFINE)},
}
places = pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)


@pytest.fixture
def widget(viewer, qtbot, patient_solver, monkeypatch):
    monkeypatch.setattr(stack_part, "RIM", 0)  # the solver then sees the pixels of the results alone
    patient_solver.release.set()
    widget = DefocusWidget(viewer)
    qtbot.addWidget(widget)
    return widget


def run(qtbot, widget):
    assert widget.panel.run_button.isEnabled()
    widget.panel.run_button.click()
    qtbot.waitUntil(lambda: not widget.panel.running and not WorkerBase._worker_set)


def centres(layer):
    """Where the centre of each pixel lies in the viewer, (Y, X, 2)."""
    pixels = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE), indexing="ij"), -1).reshape(-1, 2)
    others = [0] * (layer.ndim - 2)
    return np.array([layer.data_to_world((*others, *pixel))[-2:] for pixel in pixels]).reshape(SIDE, SIDE, 2)


def box_in_the_middle(layer):
    """Corners, along the axes of the viewer, of a rectangle in the middle of a layer."""
    middle = centres(layer)[12:28, 12:28]
    low, high = middle.min(axis=(0, 1)), middle.max(axis=(0, 1))
    inset = 0.21 * (high - low)  # no edge on a centre
    (top, left), (bottom, right) = low + inset, high - inset
    return np.array([[top, left], [top, right], [bottom, right], [bottom, left]])


def covered(layer, box):
    """Which pixels have their centre in such a rectangle."""
    low, high = box.min(axis=0), box.max(axis=0)
    where = centres(layer)
    return ((where > low) & (where < high)).all(axis=-1)


def own_layer(box):
    """The rectangle in a layer that is itself scaled and moved."""
    return Shapes([(box - (3, -2)) / (0.5, 2)], shape_type="rectangle", scale=(0.5, 2), translate=(3, -2))


def check_solved(images, data, mask):
    """Check that the images are the part of the data with all pixels of the mask, but for one more a side."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    starts = [
        (row, column)
        for row in (rows[0] - 1, rows[0])
        for column in (columns[0] - 1, columns[0])
        if np.array_equal(data[:, row : row + images.shape[1], column : column + images.shape[2]], images)
    ]
    assert len(starts) == 1
    for start, length, along in zip(starts[0], images.shape[1:3], (rows, columns), strict=True):
        assert along[-1] + 1 <= start + length <= along[-1] + 2
    return starts[0]


@places
@pytest.mark.parametrize("drawn", [lambda box: Shapes([box], shape_type="rectangle"), own_layer])
def test_pixels_below_a_rectangle_are_run_on(place, drawn, widget, viewer, qtbot, patient_solver):
    data = make_stack(side=SIDE)
    stack = add_stack(viewer, data, **place)
    box = box_in_the_middle(stack)
    mask = covered(stack, box)
    assert mask.sum() > 30
    widget.region_form.layer.value = viewer.add_layer(drawn(box))
    run(qtbot, widget)
    images = np.asarray(patient_solver.seen[0])
    start = check_solved(images, data, mask)
    for layer in (layer for layer in viewer.layers if "[1]" in layer.name):
        for pixel in ((0, 0), (images.shape[1] - 1, 3)):  # the result lies on the pixels that it was made of
            there = stack.data_to_world((0, *np.add(pixel, start)))[-2:]
            assert layer.data_to_world(pixel) == pytest.approx(there)


@places
def test_draw_makes_a_layer_with_the_pixels_of_the_stack(place, widget, viewer, qtbot, patient_solver):
    data = make_stack(side=SIDE)
    add_stack(viewer, data, **place)
    widget.region_form.draw_button.click()
    viewer.layers["stone region"].add_rectangles(np.array([[7.6, 11.6], [24.4, 32.4]]))
    run(qtbot, widget)
    np.testing.assert_array_equal(patient_solver.seen[0], data[:, 8:25, 12:33])


@pytest.mark.parametrize("name", ["rotate", "shear", "scale"])
def test_of_a_series_too(name, widget, viewer, qtbot, patient_solver):
    place = {
        "rotate": {"rotate": np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0.8, -0.6], [0, 0, 0.6, 0.8]])},
        "shear": {"shear": (0, 0, 0, 0, 0, 0.4)},
        "scale": {"scale": (1, 1, 0.5, 2)},
    }[name]
    data = np.stack([make_stack(side=SIDE), 255 - make_stack(side=SIDE)])
    stack = add_stack(viewer, data, axis_labels=("t", "z", "y", "x"), **place)
    viewer.dims.set_point(0, 1)
    box = box_in_the_middle(stack)
    widget.region_form.layer.value = viewer.add_layer(Shapes([box], shape_type="rectangle"))
    run(qtbot, widget)
    check_solved(np.asarray(patient_solver.seen[0]), data[1], covered(stack, box))


@places
def test_regions_that_are_measured(place):
    flat = {"scale": place["scale"][1:], "translate": place.get("translate", (0, 0, 0))[1:]}
    flat |= {"rotate": place["rotate"]} if "rotate" in place else {}
    flat |= {"shear": [place["shear"][2]]} if "shear" in place else {}
    flat |= {"affine": place["affine"][1:, 1:]} if "affine" in place else {}
    depth = Image(np.zeros((SIDE, SIDE), np.float32), **flat)
    box = box_in_the_middle(depth)
    outline = outline_in(Shapes([box], shape_type="rectangle"), 0, depth)
    np.testing.assert_array_equal(pixels_in(outline, depth.data.shape), covered(depth, box))
