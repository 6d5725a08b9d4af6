"""Every kind of stack in the window: series, channels, colours, order of axes, place, lazy sources."""

from itertools import product

import dask.array as da
import numpy as np
import pytest
import zarr
from napari.layers import Image
from qtpy.QtCore import Qt
from tiny_stacks import LENS, SCOPE, add_stack, make_stack

from napari_defocus.plugin.defocus_widget import DefocusWidget
from napari_defocus.plugin.depth_worker import STOPPED
from napari_defocus.plugin.focus_widget import FocusWidget
from napari_defocus.plugin.hidden_thumbnails import has_thumbnail
from napari_defocus.plugin.run_panel import KEPT
from napari_defocus.plugin.shown_map import shown_map

RUN_MS = 120_000


@pytest.fixture
def widget(viewer, qtbot):
    widget = FocusWidget(viewer)
    qtbot.addWidget(widget)
    return widget


@pytest.fixture
def defocus(viewer, qtbot):
    widget = DefocusWidget(viewer)
    qtbot.addWidget(widget)
    return widget


def press(qtbot, button):
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def run(qtbot, widget):
    press(qtbot, widget.panel.run_button)
    qtbot.waitUntil(lambda: not widget.panel.running, timeout=RUN_MS)


def made(viewer, kind):
    (layer,) = (layer for layer in viewer.layers if f" {kind}" in layer.name)
    return layer


def box(layer):
    """Two opposite corners of a layer in the viewer, with its outermost pixels whole."""
    shape = np.array(layer.data.shape[: layer.ndim])
    return np.array([layer.data_to_world(corner) for corner in (shape * 0 - 0.5, shape - 0.5)])


def entry(layer):
    return layer.metadata["napari_defocus"]


def series(count=3, **options):
    """Stacks that differ: each is the one before moved down."""
    stack = make_stack(**options)
    return np.stack([np.roll(stack, 3 * number, axis=1) for number in range(count)])


@pytest.fixture
def reference(viewer, widget, qtbot):
    """Depth and image of one stack alone."""

    def of(data, **options):
        layer = add_stack(viewer, data, None, name="alone", **options)
        widget.picker.layer.value = layer
        run(qtbot, widget)
        parts = [layer for layer in viewer.layers if layer.name.startswith("alone ")]
        found = {part.metadata["napari_defocus"]["kind"]: np.array(part.data) for part in parts}
        for part in [layer, *parts]:
            viewer.layers.remove(part)
        return found

    return of


def test_time_series(viewer, widget, qtbot, reference):
    data = series()
    expected = [reference(stack) for stack in data]
    labels = ("t", "z", "y", "x")
    stack = add_stack(viewer, data, None, axis_labels=labels, scale=(10, 2, 0.5, 0.5), translate=(5, 1, 2, 3))
    assert widget.picker.axis.value == 1
    assert "stacks: 3 (t)" in widget.picker.axes.note.text()
    run(qtbot, widget)
    for kind in ("depth", "all-in-focus", "confidence", "outliers"):
        layer = made(viewer, kind)
        assert layer.data.shape == (3, 1, 24, 24)
        assert layer.axis_labels == labels
        np.testing.assert_allclose(box(layer), box(stack))
        for number in range(3):
            np.testing.assert_array_equal(layer.data[number, 0], expected[number][kind])
    assert "3 of 3 stacks" in widget.panel.status.text()
    assert [name for name, _ in widget.picker._layers()] == ["stone"]  # results are no stacks
    assert list(entry(made(viewer, "depth"))["stacks"]) == ["t 1", "t 0", "t 2"]  # the one shown comes first


def test_series_is_seen_at_every_plane_and_its_own_time(viewer, widget, qtbot):
    data = series()
    add_stack(viewer, data, None, axis_labels=("t", "z", "y", "x"))
    run(qtbot, widget)
    depth = made(viewer, "depth")
    for time, plane in product(range(3), range(4)):
        viewer.dims.set_current_step((0, 1), (time, plane))
        found = shown_map(depth, viewer.dims.point)
        np.testing.assert_array_equal(found.data, depth.data[time, 0])
        np.testing.assert_array_equal(depth._slice.image.raw, found.data)
        assert box(found).tolist() == [[-0.5, -0.5], [23.5, 23.5]]
        assert shown_map(found, ()) is found


@pytest.mark.parametrize("labels", [("p", "t", "z", "y", "x"), ("t", "z", "p", "y", "x")])
def test_two_leading_axes(viewer, widget, qtbot, labels):
    data = series(6).reshape(2, 3, 4, 24, 24)
    if labels[1] == "z":
        data = np.moveaxis(data, 1, 2)
    add_stack(viewer, data, None, axis_labels=labels)
    run(qtbot, widget)
    depth = made(viewer, "depth")
    assert depth.data.size == 6 * 24 * 24
    assert np.isfinite(depth.data).all()
    assert "6 of 6 stacks" in widget.panel.status.text()


def test_planes_before_time_give_maps_over_time(viewer, widget, qtbot):
    stack = add_stack(viewer, np.moveaxis(series(), 0, 1), None, axis_labels=("z", "t", "y", "x"))
    run(qtbot, widget)
    depth = made(viewer, "depth")
    assert depth.data.shape == (3, 24, 24)
    np.testing.assert_array_equal(box(depth), box(stack)[:, 1:])


def test_only_the_stack_that_is_shown(viewer, widget, qtbot, reference):
    data = series()
    expected = reference(data[2])["depth"]
    add_stack(viewer, data, None, axis_labels=("t", "z", "y", "x"))
    widget.picker.axes.which.value = "shown"
    viewer.dims.set_current_step(0, 2)
    run(qtbot, widget)
    depth = made(viewer, "depth")
    assert depth.data.shape == (1, 1, 24, 24)
    np.testing.assert_array_equal(depth.data[0, 0], expected)
    assert box(depth)[:, 0].tolist() == [1.5, 2.5]
    assert viewer.dims.nsteps[0] == 3  # the sliders are what they were


def test_hidden_maps_of_one_stack_have_thumbnails(viewer, widget, qtbot):
    add_stack(viewer, series(), None, axis_labels=("t", "z", "y", "x"), scale=(10, 1, 1, 1))
    viewer.dims.set_current_step(0, 2)
    widget.picker.axes.which.value = "shown"
    run(qtbot, widget)
    confidence = made(viewer, "confidence")
    assert not confidence.visible
    assert has_thumbnail(confidence)


def test_run_on_all_or_one_keeps_the_optics(viewer, defocus):
    add_stack(viewer, series(), axis_labels=("t", "z", "y", "x"))
    defocus.optics_form.blur.blur_scale.value = "0.7"
    defocus.picker.axes.which.value = "shown"
    assert defocus.optics_form.blur.blur_scale.value == "0.7"


def test_one_progress_for_all_stacks(viewer, defocus, qtbot, patient_solver):
    add_stack(viewer, series(), axis_labels=("t", "z", "y", "x"))
    press(qtbot, defocus.panel.run_button)
    qtbot.waitUntil(lambda: "1 of 3" in defocus.panel.status.text(), timeout=RUN_MS)
    assert defocus.panel.bar.value() == 100
    patient_solver.release.set()
    qtbot.waitUntil(lambda: not defocus.panel.running, timeout=RUN_MS)
    assert made(viewer, "depth").data.shape == (3, 1, 24, 24)


def done(depth):
    return [bool(np.isfinite(stack).all()) for stack in depth.data]


def test_series_is_filled_as_it_comes_and_cancel_keeps_what_is_done(viewer, defocus, qtbot, patient_solver):
    patient_solver.states = 0
    patient_solver.free = 1
    add_stack(viewer, series(), axis_labels=("t", "z", "y", "x"))
    viewer.dims.set_current_step(0, 2)
    press(qtbot, defocus.panel.run_button)
    qtbot.waitUntil(lambda: "stack 2 of 3" in defocus.panel.status.text().lower(), timeout=RUN_MS)
    depth = made(viewer, "depth")
    assert done(depth) == [False, False, True]  # what is shown comes first
    press(qtbot, defocus.panel.cancel_button)
    qtbot.waitUntil(lambda: not defocus.panel.running, timeout=RUN_MS)
    assert done(depth) == [False, False, True]
    assert np.isnan(depth.data[:2]).all()
    assert "Cancelled" in defocus.panel.status.text()
    assert "1 of 3 stacks" in defocus.panel.status.text()


def test_cancel_in_a_stack_keeps_the_best_of_it(viewer, defocus, qtbot, patient_solver):
    add_stack(viewer, series(), axis_labels=("t", "z", "y", "x"))
    press(qtbot, defocus.panel.run_button)
    qtbot.waitUntil(lambda: any("depth" in layer.name for layer in viewer.layers), timeout=RUN_MS)
    press(qtbot, defocus.panel.cancel_button)
    qtbot.waitUntil(lambda: not defocus.panel.running, timeout=RUN_MS)
    assert done(made(viewer, "depth")) == [False, True, False]
    assert "0 of 3 stacks, one in part" in defocus.panel.status.text()


@pytest.mark.usefixtures("notifications")
def test_an_error_in_a_series_keeps_what_is_done(viewer, defocus, qtbot, patient_solver):
    patient_solver.free = 1
    add_stack(viewer, series(), axis_labels=("t", "z", "y", "x"))
    press(qtbot, defocus.panel.run_button)
    qtbot.waitUntil(lambda: "stack 2 of 3" in defocus.panel.status.text().lower(), timeout=RUN_MS)
    patient_solver.error = ValueError("odd")
    patient_solver.release.set()
    qtbot.waitUntil(lambda: not defocus.panel.running, timeout=RUN_MS)
    depth = made(viewer, "depth")
    assert sorted(done(depth)) == [False, True, True]
    stacks = depth.metadata["napari_defocus"]["stacks"]
    assert sorted(STOPPED in stack["notes"] for stack in stacks.values()) == [False, True]
    assert defocus.panel.status.text() == f"Stopped by an error: odd\n{KEPT}"


def test_a_bad_stack_of_a_series_is_told_of_and_left_out(viewer, widget, qtbot, notifications):
    data = series(dtype="float32")
    data[1, 2, 3, 4] = np.nan
    add_stack(viewer, data, None, axis_labels=("t", "z", "y", "x"), contrast_limits=(0, 1))
    run(qtbot, widget)
    depth = made(viewer, "depth")
    assert done(depth) == [True, False, True]
    assert notifications == [
        "t 1: Plane 2 of the stack holds NaN or infinite values; replace them before solving."
    ]
    assert "2 of 3 stacks" in widget.panel.status.text()


def test_a_series_of_bad_stacks_is_an_error(viewer, widget, qtbot, notifications):
    data = np.full((2, 4, 24, 24), np.nan, np.float32)
    layer = add_stack(viewer, data, None, axis_labels=("t", "z", "y", "x"), contrast_limits=(0, 1))
    run(qtbot, widget)
    assert list(viewer.layers) == [layer]
    assert len(notifications) == 1
    assert "NaN" in notifications[0]


def channels():
    """Two channels of one scene: a fine texture, and a faint coarse one."""
    stack = make_stack(side=32, dtype="uint16")
    return np.stack([stack, stack[..., ::-1, :] // 8])


@pytest.mark.parametrize("axis", [0, 1, 3])
@pytest.mark.parametrize("focus", [0, -1])
def test_depth_of_a_channel_is_applied_to_all(viewer, widget, qtbot, reference, axis, focus):
    data = channels()
    source = data[0] if focus == 0 else data.mean(axis=0).astype(np.float32)
    options = {} if focus == 0 else {"figures": {"white": 65535.0}}
    expected = reference(source, contrast_limits=(0, 65535), **options)
    labels = list("zyx")
    labels.insert(axis, "c")
    add_stack(viewer, np.moveaxis(data, 0, axis), None, axis_labels=labels, contrast_limits=(0, 65535))
    assert widget.picker.axes.channel.value == axis
    widget.picker.axes.focus.value = focus
    run(qtbot, widget)
    np.testing.assert_array_equal(np.squeeze(made(viewer, "depth").data), expected["depth"])
    named = "channel 0" if focus == 0 else "sum of channels"
    image = made(viewer, f"all-in-focus {named}")
    np.testing.assert_allclose(np.squeeze(image.data), expected["all-in-focus"], atol=1e-6)
    other = np.squeeze(made(viewer, "all-in-focus channel 1").data)
    planes = data[1] / np.float32(65535)
    assert ((other >= planes.min(0) - 1e-6) & (other <= planes.max(0) + 1e-6)).all()
    assert entry(made(viewer, "all-in-focus channel 1"))["channel"] == 1
    assert entry(made(viewer, "depth"))["focus_channel"] == focus


def test_channels_of_a_time_series(viewer, widget, qtbot):
    data = np.stack([channels(), channels()[:, :, ::-1]])
    stack = add_stack(viewer, data, None, axis_labels=("t", "c", "z", "y", "x"), contrast_limits=(0, 65535))
    run(qtbot, widget)
    for kind in ("depth", "all-in-focus sum", "all-in-focus channel 0", "all-in-focus channel 1"):
        layer = made(viewer, kind)
        assert layer.data.shape == (2, 1, 1, 32, 32)
        np.testing.assert_allclose(box(layer), box(stack))


def test_channels_with_depth_from_defocus(viewer, defocus, qtbot):
    add_stack(viewer, channels(), LENS, axis_labels=("c", "z", "y", "x"), contrast_limits=(0, 65535))
    defocus.settings_form.editors["epochs"].value = "1"
    defocus.picker.axes.focus.value = 0
    run(qtbot, defocus)
    other = made(viewer, "all-in-focus channel 1").data
    planes = channels()[1] / np.float32(65535)
    assert other.shape == (32, 32)
    assert 0 < other.mean() < planes.max()
    assert other.std() >= planes.std(axis=(1, 2)).mean()  # no blurrier than a plane


def test_grey_stack_of_three_or_four_rows_of_planes_is_not_in_colour(viewer, widget, qtbot):
    viewer.add_image(np.moveaxis(make_stack(), 0, -1), rgb=False, name="last")
    assert widget.picker.axis.value is not None
    widget.picker.axis.value = 2
    assert "grey" in widget.picker.axes.note.text()
    run(qtbot, widget)
    assert made(viewer, "depth").data.shape == (24, 24, 1)
    assert not made(viewer, "all-in-focus").rgb


@pytest.mark.parametrize("alpha", [False, True])
def test_colour_series(viewer, widget, qtbot, alpha):
    data = series(2, rgb=True)
    if alpha:
        data = np.concatenate([data, np.full_like(data[..., :1], 255)], axis=-1)
    add_stack(viewer, data, None, rgb=True, axis_labels=("t", "z", "y", "x"))
    assert "in colour" in widget.picker.axes.note.text()
    run(qtbot, widget)
    image = made(viewer, "all-in-focus")
    assert image.rgb
    assert image.data.shape == (2, 1, 24, 24, 3)
    assert made(viewer, "depth").data.shape == (2, 1, 24, 24)


def test_alpha_of_one_stack_is_dropped(viewer, widget, qtbot):
    colour = make_stack(rgb=True)
    data = np.concatenate([colour, np.full_like(colour[..., :1], 255)], axis=-1)
    add_stack(viewer, data, None, rgb=True)
    run(qtbot, widget)
    assert made(viewer, "all-in-focus").data.shape == (24, 24, 3)


def test_unknown_plane_axis_has_to_be_chosen(viewer, widget, qtbot, notifications):
    stack = add_stack(viewer, np.resize(make_stack(), (20, 18, 16)), None)
    assert "Choose the axis" in widget.picker.axes.note.text()
    assert "Choose the plane axis" in widget.panel.status.text()
    press(qtbot, widget.panel.run_button)
    assert list(viewer.layers) == [stack]
    assert "Choose the plane axis" in notifications[0]
    press(qtbot, widget.measure_button)
    assert list(viewer.layers) == [stack]
    widget.picker.axis.value = 0
    run(qtbot, widget)
    assert made(viewer, "depth").data.shape == (18, 16)


@pytest.mark.parametrize("axis", [1, 2])
def test_planes_in_another_place(viewer, widget, qtbot, reference, axis):
    data = make_stack(side=32)
    expected = reference(data)["depth"]
    stack = add_stack(
        viewer, np.moveaxis(data, 0, axis), None, scale=(2, 3, 4), translate=(5, 6, 7), units=("um",) * 3
    )
    assert widget.picker.axis.value == axis
    assert "guessed" in widget.picker.axes.note.text()
    run(qtbot, widget)
    depth = made(viewer, "depth")
    np.testing.assert_array_equal(np.squeeze(depth.data), expected)
    np.testing.assert_allclose(box(depth), box(stack))
    assert depth.units == stack.units


def turned(angle=0.3):
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])


TRANSFORMS = {
    "scale": {"scale": (2, -0.5, 3), "translate": (-4, 1e3, -7)},
    "rotate": {"rotate": turned(), "scale": (1, 2, 0.3), "translate": (1, 2, 3)},
    "shear": {"shear": [0, 0, 0.3], "scale": (1, 2, 3)},
    "affine": {"affine": [[1, 0, 0, 9], [0, 2, 0.5, 3], [0, 0.1, 1, 4], [0, 0, 0, 1]], "scale": (3, 2, 1)},
    "tilted": {"rotate": turned()[np.ix_([1, 2, 0], [1, 2, 0])], "scale": (3, 2, 1), "translate": (1, 2, 3)},
}


@pytest.mark.filterwarnings("ignore:Non-orthogonal slicing:UserWarning")  # of napari, on the stack already
@pytest.mark.parametrize("case", list(TRANSFORMS))
@pytest.mark.parametrize("axis", [0, 2])
def test_results_lie_on_the_stack(viewer, widget, qtbot, case, axis):
    data = np.moveaxis(make_stack(side=32), 0, axis)
    stack = Image(data, name="stone", rgb=False, **TRANSFORMS[case])
    viewer.layers.append(stack)
    widget.picker.axis.value = axis
    run(qtbot, widget)
    depth = made(viewer, "depth")
    for corner in product((0, 31), (0, 31)):
        for plane in (0, 3):
            pixel = list(corner)
            pixel.insert(axis, plane)
            world = np.asarray(stack.data_to_world(pixel))
            ours = np.asarray(depth.world_to_data(world[-depth.ndim :]))
            where = [ours[index] for index in entry_axes(depth)]
            np.testing.assert_allclose(where, corner, atol=1e-9)
    if depth.ndim == 3:
        np.testing.assert_allclose(box(depth), box(stack), atol=1e-9)


def entry_axes(layer):
    return entry(layer).get("spatial_axes", (layer.ndim - 2, layer.ndim - 1))


def as_zarr(data):
    return zarr.create_array(store={}, data=data, chunks=(1,) * (data.ndim - 2) + data.shape[-2:])


@pytest.mark.parametrize("wrap", [da.from_array, as_zarr])
def test_lazy_sources(viewer, widget, qtbot, reference, wrap):
    data = series(2, dtype="uint16")
    expected = [reference(stack, contrast_limits=(0, 65535)) for stack in data]
    layer = Image(wrap(data), name="stone", rgb=False, contrast_limits=(0, 65535), axis_labels=tuple("tzyx"))
    viewer.add_layer(layer)
    run(qtbot, widget)
    for number in range(2):
        np.testing.assert_array_equal(made(viewer, "depth").data[number, 0], expected[number]["depth"])
        np.testing.assert_array_equal(
            made(viewer, "all-in-focus").data[number, 0], expected[number]["all-in-focus"]
        )


def test_lazy_series_is_read_stack_by_stack(viewer, defocus, qtbot, patient_solver):
    read = []

    def plane(block_info=None):
        start = block_info[None]["array-location"]
        read.append((start[0][0], start[1][0]))
        return np.zeros((1, 1, 24, 24), np.uint8)

    data = da.map_blocks(
        plane, chunks=((1,) * 3, (1,) * 4, (24,), (24,)), dtype=np.uint8, meta=np.zeros(0, np.uint8)
    )
    viewer.add_layer(
        Image(data, rgb=False, contrast_limits=(0, 255), axis_labels=tuple("tzyx"), name="stone")
    )
    before = list(read)
    press(qtbot, defocus.panel.run_button)
    qtbot.waitUntil(lambda: patient_solver.asked == 2, timeout=RUN_MS)
    assert read == before  # the solver reads, not the window


def test_units_of_a_microscope_series(viewer, defocus, qtbot, patient_solver):
    patient_solver.release.set()
    options = {
        "axis_labels": ("t", "z", "y", "x"),
        "units": ("s", "um", "um", "um"),
        "scale": (9, 2, 0.3, 0.3),
    }
    stack = add_stack(viewer, series(2), SCOPE, **options)
    run(qtbot, defocus)
    depth = made(viewer, "depth (um)")
    assert depth.units == stack.units
    assert tuple(depth.scale) == (9, 8, 0.3, 0.3)
    assert entry(depth)["unit"] == "um"


def test_focus_curve_and_surface_are_of_the_stack_that_is_shown(viewer, widget, qtbot):
    data = series()
    add_stack(viewer, data, None, axis_labels=("t", "z", "y", "x"), scale=(1, 1, 2, 2))
    run(qtbot, widget)
    depth = made(viewer, "depth")
    viewer.layers.selection.active = depth
    viewer.dims.set_current_step(0, 2)
    widget.curve.on_position(np.array([2, 0, 20, 8]))
    qtbot.waitUntil(lambda: bool(widget.curve.chart.series), timeout=RUN_MS)
    assert f"Row 10, column 4: plane {depth.data[2, 0, 10, 4]:.2f}" in widget.curve.text.text()
    curve = widget.curve.chart.series[-2].y
    widget.curve.show_pixel(depth, 10, 4)
    viewer.dims.set_current_step(0, 0)
    widget.curve.show_pixel(depth, 13, 4)
    qtbot.waitUntil(lambda: "Row 13" in widget.curve.text.text(), timeout=RUN_MS)
    assert not np.array_equal(widget.curve.chart.series[-2].y, curve)
    viewer.dims.set_current_step(0, 2)
    press(qtbot, widget.surface_button.button)
    surface = viewer.layers[-1]
    assert len(surface.vertices) == 24 * 24
    np.testing.assert_allclose(np.ptp(surface.vertices[:, 0]), np.ptp(depth.data[2]), rtol=1e-6)
    press(qtbot, widget.surface_button.button)
    assert depth.visible


@pytest.mark.parametrize(
    ("dtype", "figures", "limits"),
    [
        ("uint16", {}, (100 / 65535, 4000 / 65535)),
        ("uint16", {"white": 4000.0}, (0.025, 1)),
        ("float32", {}, (0, 1)),
    ],
)
def test_image_of_a_dim_stack_looks_as_the_stack_does(viewer, widget, qtbot, dtype, figures, limits):
    data = (make_stack(dtype="float32") * 4000).astype(dtype)
    add_stack(viewer, data, None, figures=figures, contrast_limits=(100, 4000))
    run(qtbot, widget)
    assert made(viewer, "all-in-focus").contrast_limits == pytest.approx(limits)


def test_images_in_layers_of_their_own_are_told_how_to_be_a_stack(viewer, widget):
    assert "Open a focal stack first" in widget.panel.status.text()
    for plane in make_stack(rgb=True):
        viewer.add_image(plane, rgb=True)
    assert "4 images of one size" in widget.panel.status.text()
    assert "Merge to Stack" in widget.panel.run_button.toolTip()
    assert not widget.panel.run_button.isEnabled()
    viewer.layers.clear()
    assert "Open a focal stack first" in widget.panel.status.text()


def test_planes_taken_for_colours_are_told_how_to_be_a_stack(viewer, widget, qtbot):
    viewer.add_image(np.moveaxis(make_stack(3, 40), 0, -1), name="three")
    assert viewer.layers["three"].rgb  # napari's guess
    assert "Layer 'three' is one image in colour" in widget.panel.status.text()
    viewer.layers.clear()
    viewer.add_image(np.moveaxis(make_stack(3, 40), 0, -1), name="three", rgb=False)
    assert widget.picker.axis.value == 2
    run(qtbot, widget)
    assert made(viewer, "depth").data.shape == (40, 40, 1)


@pytest.mark.parametrize("kind", ["stack", "series"])
def test_depth_is_applied_to_other_layers(viewer, widget, qtbot, kind):
    data = channels() if kind == "stack" else np.stack([channels(), channels()[:, :, ::-1]], axis=1)
    options = {"contrast_limits": (0, 65535), "axis_labels": tuple("tzyx")[-data[0].ndim :]}
    first = add_stack(viewer, data[0], None, name="red", **options)
    box = widget.picker.axes.others
    assert box.native.isHidden()
    add_stack(viewer, data[1], None, name="green", **options)
    add_stack(viewer, data[1][..., :20], None, name="cropped", **options)
    add_stack(viewer, data[1], None, name="elsewhere", translate=(1,) * data[1].ndim, **options)
    assert widget.picker.layer.value is first
    assert not box.native.isHidden()
    assert "Now: green." in box.tooltip
    box.value = True
    run(qtbot, widget)
    sharp = made(viewer, "all-in-focus of green")
    assert sharp.data.shape == made(viewer, "depth").data.shape
    assert sharp.data.max() > 0
    assert entry(sharp)["channel"] == "green"
    box.value = False
    run(qtbot, widget)
    assert len([layer for layer in viewer.layers if "of green" in layer.name]) == 1
