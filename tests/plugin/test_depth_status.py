import numpy as np
import pytest
from napari.layers import Image

from napari_defocus import Microscope, ThinLens, UncalibratedFocus
from napari_defocus.plugin.depth_status import described, plane_of, show_depth_in_status

SCOPE = Microscope(numerical_aperture=0.3, pixel_size=0.65, focus_positions=[0, 2.5, 5, 7.5])
LENS = ThinLens.from_camera(
    focal_length_mm=50, f_number=8, pixel_pitch_um=12, focus_distances_m=[1, 1.5, 2.5, 4, 6]
)


def entry(optics=None, unit="um", **more):
    parameters = {"optics": optics.to_dict()} if optics else {}
    return {"kind": "depth", "run": 1, "unit": unit, "parameters": parameters, **more}


def add_depth(viewer, data, **options):
    metadata = {"napari_defocus": entry(**options)}
    return viewer.add_layer(Image(data, metadata=metadata, rgb=False, scale=(0.65, 0.65), name="map"))


def point_at(viewer, *world):
    """What napari does when the mouse moves."""
    viewer.mouse_over_canvas = True
    viewer.cursor.position = world
    viewer.update_status_from_cursor()
    return viewer.status


@pytest.mark.parametrize(
    ("depth", "about", "plane"),
    [
        (2.5, entry(SCOPE), 1),
        (6.25, entry(SCOPE), 2.5),
        (-3, entry(SCOPE), 0),
        (2.5, entry(LENS, "m"), 2),
        (7, entry(LENS, "m"), 4),
        (1.2, entry(UncalibratedFocus(planes=5), "plane"), 1.2),
        (4, {"unit": "um", "parameters": {"positions": [6.0, 4, 2]}}, 1),
        (3.9, {"unit": "um", "parameters": {"positions": [6.0, 1, 4]}}, 2),  # in no order: the nearest
        (2.2, {"unit": "plane", "parameters": {"positions": None}}, 2.2),
        (2.2, entry(unit="um"), None),
        (2.5, entry(SCOPE, levelled={"slope_x": 1}), None),
        (2.5, {"unit": "um", "parameters": {"optics": {"kind": "pinhole"}}}, None),
    ],
)
def test_plane(depth, about, plane):
    assert plane_of(depth, about) == (None if plane is None else pytest.approx(plane))


def test_between_planes_of_a_lens_blur_is_even():
    halfway = 2 / (1 / 1.5 + 1 / 2.5)  # in 1 / Z
    assert plane_of(halfway, entry(LENS, "m")) == pytest.approx(1.5)


def test_status_tells_depth_and_plane(viewer):
    depth = add_depth(viewer, np.full((8, 9), 6.25, np.float32), optics=SCOPE)
    show_depth_in_status(viewer)
    show_depth_in_status(viewer)  # by a second widget
    status = point_at(viewer, 1.3, 2.6)
    assert "depth 6.25 um, plane 2.5" in status["coordinates"]
    assert status["layer_base"] == "map"
    assert described(depth, (0, 0)) == "depth 6.25 um, plane 2.5"
    assert len(viewer.events.status.callbacks) == 1


def test_depth_in_planes_is_told_once(viewer):
    depth = add_depth(viewer, np.full((8, 9), 6.25, np.float32), unit="plane")
    assert described(depth, (0, 0)) == "depth: plane 6.25"


def test_hole_says_so(viewer):
    data = np.full((8, 9), 6.25, np.float32)
    data[2, 4] = np.nan
    add_depth(viewer, data, optics=SCOPE)
    show_depth_in_status(viewer)
    assert "no depth" in point_at(viewer, 1.3, 2.6)["coordinates"]


def test_other_layers_and_places_keep_napari_s_status(viewer):
    show_depth_in_status(viewer)
    add_depth(viewer, np.full((8, 9), 6.25, np.float32), optics=SCOPE)
    assert "depth" not in point_at(viewer, 100, 100)["coordinates"]
    viewer.add_image(np.ones((8, 9)))
    assert "depth" not in point_at(viewer, 1, 1)["coordinates"]
    viewer.status = "something else"
    assert viewer.status == "something else"


def test_status_of_a_series_is_of_the_map_that_is_shown(viewer):
    data = np.arange(3, dtype=np.float32)[:, None, None, None] + np.zeros((3, 1, 8, 9), np.float32)
    metadata = {"napari_defocus": entry(spatial_axes=(2, 3))}
    viewer.add_image(np.zeros((3, 4, 8, 9)))
    layer = viewer.add_image(data, metadata=metadata, rgb=False, scale=(1, 4, 1, 1), translate=(0, 1.5, 0, 0))
    show_depth_in_status(viewer)
    viewer.layers.selection.active = layer
    for time in range(3):
        viewer.dims.set_current_step(0, time)
        assert f"depth {time} um" in point_at(viewer, time, 1, 3, 4)["coordinates"]
