import numpy as np
import pytest
from napari.layers import Image

from napari_defocus.plugin.surface import SurfaceView, height_mesh, vertical_scale
from napari_defocus.plugin.surface_button import SurfaceButton


def depth_layer(viewer, depth, *, unit="m", run=1, **options):
    entry = {"kind": "depth", "run": run, "source": "stone", "unit": unit}
    options = {"name": f"stone depth ({unit}) [{run}]"} | options
    return viewer.add_layer(Image(depth, rgb=False, metadata={"napari_defocus": entry}, **options))


def aif_layer(viewer, image, *, run=1):
    entry = {"kind": "all-in-focus", "run": run, "source": "stone", "unit": ""}
    metadata = {"napari_defocus": entry}
    return viewer.add_layer(Image(image, rgb=image.ndim == 3, contrast_limits=(0, 1), metadata=metadata))


def test_mesh_follows_the_map():
    height = np.arange(12.0).reshape(3, 4)
    mesh = height_mesh(height)
    assert mesh.vertices.shape == (12, 3)
    assert mesh.faces.shape == (2 * 2 * 3, 3)
    for z, y, x in mesh.vertices:
        assert z == height[int(y), int(x)]


def test_mesh_covers_the_map_once():
    mesh = height_mesh(np.zeros((5, 7)))
    a, b, c = (mesh.vertices[mesh.faces[:, corner], 1:] for corner in range(3))
    (ux, uy), (vx, vy) = (b - a).T, (c - a).T
    doubled = ux * vy - uy * vx
    assert np.abs(doubled).sum() / 2 == 4 * 6
    assert len(np.unique(np.sign(doubled))) == 1  # all turn the same way


def test_texture_rows_count_from_the_bottom():
    mesh = height_mesh(np.zeros((4, 5)))
    first, last = mesh.texcoords[0], mesh.texcoords[-1]
    assert first == pytest.approx([0.5 / 5, 1 - 0.5 / 4])
    assert last == pytest.approx([4.5 / 5, 1 - 3.5 / 4])


def test_large_map_is_thinned_to_its_edges():
    mesh = height_mesh(np.zeros((1000, 700)), longest_side=256)
    rows, columns = np.unique(mesh.vertices[:, 1]), np.unique(mesh.vertices[:, 2])
    assert max(len(rows), len(columns)) <= 257
    assert (rows[0], rows[-1], columns[0], columns[-1]) == (0, 999, 0, 699)


def used(mesh):
    """Rows and columns of the vertices that a triangle uses."""
    return {(int(y), int(x)) for y, x in mesh.vertices[np.unique(mesh.faces), 1:]}


@pytest.mark.parametrize(
    ("rows", "columns", "high", "stays"),
    [
        (slice(0, 2), slice(40, 43), 2.0, False),
        (slice(97, 100), slice(98, 100), -1.0, False),
        (slice(1, 2), slice(40, 41), 2.0, False),
        (slice(50, 52), slice(40, 43), 2.0, True),  # a particle in the midst
        (slice(0, 9), slice(40, 49), 2.0, True),  # something that the border cuts
        (slice(0, 2), slice(40, 43), 0.1, True),  # hangs together with what is beside it
    ],
)
def test_specks_at_the_border_are_no_spikes(rows, columns, high, stays):
    height = np.add.outer(np.linspace(0, 1, 100), np.zeros(150))
    height[rows, columns] = height[rows, columns].mean() + high
    height[70, 70] = np.nan
    mesh = height_mesh(height)
    speck = {(y, x) for y in range(*rows.indices(100)) for x in range(*columns.indices(150))}
    assert bool(speck & used(mesh)) == stays
    assert len(used(mesh) | speck | {(70, 70)}) == height.size
    assert np.isfinite(mesh.vertices).all()


def test_pixels_without_depth_are_holes():
    height = np.ones((6, 6))
    height[2:4, 2:4] = np.nan
    mesh = height_mesh(height)
    assert np.isfinite(mesh.vertices).all()
    assert not used(mesh) & {(2, 2), (2, 3), (3, 2), (3, 3)}


def test_no_depth_at_all():
    assert len(height_mesh(np.full((4, 4), np.nan)).faces) == 0


def test_true_proportions_where_there_are_any():
    assert vertical_scale(10, (100, 80), true_scale=2.0) == 2.0
    assert vertical_scale(0, (100, 80), true_scale=2.0) == 2.0


@pytest.mark.parametrize("true_scale", [None, 1e-6, 1e6])
def test_else_the_relief_can_be_seen(true_scale):
    relief, longest = 5.0, 200
    assert 0.1 < vertical_scale(relief, (longest, 80), true_scale) * relief / longest < 1


def test_view_goes_to_3d_and_back(viewer):
    stack = viewer.add_image(np.zeros((4, 16, 16)))
    hidden = viewer.add_image(np.zeros((4, 16, 16)), visible=False)
    aif = aif_layer(viewer, np.random.default_rng(0).random((16, 16, 3)))
    depth = depth_layer(viewer, np.linspace(1, 4, 256).reshape(16, 16))
    view = SurfaceView(viewer)
    surface = view.show(depth, near_is_small=True)
    assert view.shown
    assert viewer.dims.ndisplay == 3
    assert [layer for layer in viewer.layers if layer.visible] == [surface]
    assert viewer.layers.selection.active is not surface
    np.testing.assert_allclose(surface.texture, aif.data, atol=1e-6)
    view.leave()
    assert not view.shown
    assert viewer.dims.ndisplay == 2
    assert [layer for layer in viewer.layers if layer.visible] == [stack, aif, depth]
    assert not hidden.visible


@pytest.mark.parametrize("near_is_small", [True, False])
def test_near_is_up(viewer, near_is_small):
    depth = np.tile(np.linspace(1, 4, 16), (16, 1))
    surface = SurfaceView(viewer).show(depth_layer(viewer, depth), near_is_small=near_is_small)
    left = surface.vertices[surface.vertices[:, 2] == 0, 0].mean()
    right = surface.vertices[surface.vertices[:, 2] == 15, 0].mean()
    assert (left > right) == near_is_small


def test_surface_lies_on_its_depth_map(viewer):
    options = {"scale": (0.5, 0.25), "translate": (10, 20), "units": ("um", "um"), "axis_labels": ("y", "x")}
    depth = depth_layer(viewer, np.linspace(0, 3, 256).reshape(16, 16), unit="um", **options)
    surface = SurfaceView(viewer).show(depth, near_is_small=False)
    assert tuple(surface.scale) == (1.0, 0.5, 0.25)  # both in um: true proportions
    assert tuple(surface.translate) == (0, 10, 20)
    assert surface.units[1:] == depth.units
    assert surface.metadata["napari_defocus"]["vertical_exaggeration"] == 1.0


def test_texture_is_that_of_the_same_run(viewer):
    aif_layer(viewer, np.zeros((8, 8)), run=1)
    depth_layer(viewer, np.eye(8), run=1)
    aif_layer(viewer, np.full((8, 8), 0.75), run=2)
    second = depth_layer(viewer, np.eye(8), run=2)
    surface = SurfaceView(viewer).show(second, near_is_small=True)
    assert np.unique(surface.texture) == pytest.approx(0.75)


def test_without_aif_the_surface_is_shaded(viewer):
    surface = SurfaceView(viewer).show(depth_layer(viewer, np.eye(8)), near_is_small=True)
    assert surface.texture is None
    assert surface.shading == "smooth"


def test_showing_again_replaces_the_surface(viewer):
    depth = depth_layer(viewer, np.eye(8))
    view = SurfaceView(viewer)
    view.show(depth, near_is_small=True)
    second = view.show(depth, near_is_small=False)
    assert [layer for layer in viewer.layers if layer is not depth] == [second]
    view.leave()
    assert depth.visible


@pytest.mark.parametrize("way", ["napari's 2-D", "deleted"])
def test_leaving_in_another_way_shows_the_layers_again(viewer, qtbot, way):
    stack = viewer.add_image(np.zeros((4, 16, 16)))
    depth = depth_layer(viewer, np.linspace(1, 4, 256).reshape(16, 16))
    widget = SurfaceButton(viewer)
    qtbot.addWidget(widget)
    widget.button.click()
    assert not stack.visible
    if way == "deleted":
        viewer.layers.remove(next(layer for layer in viewer.layers if "surface" in layer.name))
    else:
        viewer.dims.ndisplay = 2
    qtbot.waitUntil(lambda: stack.visible)
    assert depth.visible
    assert viewer.dims.ndisplay == 2
    assert [layer for layer in viewer.layers if "surface" in layer.name] == []
    assert widget.button.text() == "Show in 3-D"
