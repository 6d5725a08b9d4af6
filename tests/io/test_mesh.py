"""Meshes of known depth maps, as trimesh reads them."""

import numpy as np
import pytest
import trimesh

from napari_defocus import InputError, Microscope, ThinLens, UncalibratedFocus
from napari_defocus.io import depth_mesh, save_mesh

SCOPE = Microscope(numerical_aperture=0.4, pixel_size=0.5, focus_positions=[0, 2, 4])
LENS = ThinLens(focal_length=0.05, aperture_diameter=0.01, pixel_pitch=1e-4, focus_distances=[1, 2, 4])
SENSOR = np.mean([0.05 * z / (z - 0.05) for z in (1, 2, 4)])
ROWS, COLUMNS = 12, 20


@pytest.fixture
def height():
    """Heights from 1 to 3, each of them once."""
    return 1 + 2 * np.random.default_rng(1).permutation(np.linspace(0, 1, ROWS * COLUMNS)).reshape(
        ROWS, COLUMNS
    )


@pytest.fixture
def image():
    return np.random.default_rng(2).random((ROWS, COLUMNS, 3))


def read(path):
    return trimesh.load(path, process=False, force="mesh")


@pytest.mark.parametrize("suffix", [".ply", ".obj", ".stl"])
@pytest.mark.parametrize("unit", [None, "mm"])
def test_extent_of_a_microscope_is_physical(suffix, unit, height, image, tmp_path):
    mesh = depth_mesh(height, SCOPE, image, unit=unit)
    paths = save_mesh(mesh, tmp_path / f"surface{suffix}")
    expected = np.array([(COLUMNS - 1) * 0.5, (ROWS - 1) * 0.5, 2.0]) * (1 if unit is None else 1e-3)
    seen = read(paths[0])
    np.testing.assert_allclose(seen.extents, expected, rtol=1e-6)
    np.testing.assert_allclose(mesh.extent, expected)
    assert len(seen.faces) == 2 * (ROWS - 1) * (COLUMNS - 1)
    assert (seen.face_normals[:, 2] > 0).all()  # towards the objective
    assert mesh.unit == (unit or "um")


@pytest.mark.parametrize("suffix", [".ply", ".obj", ".stl"])
def test_a_camera_is_projected_back(suffix, tmp_path):
    near, far = np.full((ROWS, COLUMNS), 2.0), np.full((ROWS, COLUMNS), 4.0)
    for depth in (near, far):
        path = tmp_path / f"{depth[0, 0]:g}{suffix}"
        save_mesh(depth_mesh(depth, LENS), path)
        seen = read(path)
        pixel = 1e-4 * depth[0, 0] / SENSOR
        np.testing.assert_allclose(seen.extents, [(COLUMNS - 1) * pixel, (ROWS - 1) * pixel, 0], atol=1e-6)
        np.testing.assert_allclose(seen.bounds.mean(0), [0, 0, depth[0, 0]], atol=1e-6)  # seen from the lens
        assert (seen.face_normals[:, 2] < 0).all()


def test_a_camera_sees_every_vertex_on_its_pixel(height, image):
    mesh = depth_mesh(height, LENS, image)
    x, y, z = mesh.vertices.T
    columns, rows = np.meshgrid(np.arange(COLUMNS), np.arange(ROWS))
    np.testing.assert_allclose(z, height.ravel())
    np.testing.assert_allclose(x / z * SENSOR / 1e-4 + (COLUMNS - 1) / 2, columns.ravel(), atol=1e-9)
    np.testing.assert_allclose(y / z * SENSOR / 1e-4 + (ROWS - 1) / 2, rows.ravel(), atol=1e-9)


def test_points_are_those_that_the_renderer_takes():
    from napari_defocus.io.object_points import ObjectSpace
    from napari_defocus.simulation.view import View

    rows, columns = np.mgrid[:ROWS, :COLUMNS]
    points = ObjectSpace.of(LENS).points(rows, columns, 2.5, (ROWS, COLUMNS))
    np.testing.assert_allclose(points, View.of(LENS, (ROWS, COLUMNS)).to_world(rows, columns, 2.5))


def test_obj_carries_its_texture_the_right_way_up(height, image, tmp_path):
    paths = save_mesh(depth_mesh(height, SCOPE, image), tmp_path / "my surface.obj")
    assert [path.name for path in paths] == ["my surface.obj", "my surface.mtl", "my surface.png"]
    seen = read(paths[0])
    texture = np.asarray(seen.visual.material.image.convert("RGB"))
    np.testing.assert_array_equal(texture, np.rint(image * 255))
    u, v = seen.visual.uv.T
    x, y, _ = seen.vertices.T
    np.testing.assert_allclose(u * COLUMNS - 0.5, x / 0.5, atol=1e-4)
    np.testing.assert_allclose((v * ROWS - 0.5), y / 0.5, atol=1e-4)  # v and y both go up
    colors = seen.visual.to_color().vertex_colors
    np.testing.assert_array_equal(colors[0, :3], np.rint(image[0, 0] * 255))


@pytest.mark.parametrize("rgb", [True, False])
def test_ply_carries_a_colour_at_each_vertex(rgb, height, image, tmp_path):
    image = image if rgb else image[..., 0]
    seen = read(save_mesh(depth_mesh(height, SCOPE, image), tmp_path / "surface.ply")[0])
    expected = np.rint((image if rgb else np.repeat(image[..., None], 3, -1)).reshape(-1, 3) * 255)
    np.testing.assert_array_equal(seen.visual.vertex_colors[:, :3], expected)


def test_pixels_without_depth_and_jumps_are_left_out(image):
    depth = np.ones((ROWS, COLUMNS))
    depth[:, 10:] = 3.0
    depth[0, 0] = np.nan
    valid = np.ones(depth.shape, bool)
    valid[-1, -1] = False
    mesh = depth_mesh(depth, SCOPE, image, valid=valid, largest_jump=1.0)
    assert len(mesh.vertices) == ROWS * COLUMNS - 2
    assert len(mesh.faces) == 2 * (ROWS - 1) * (COLUMNS - 2) - 2
    assert len(mesh.colors) == len(mesh.texcoords) == len(mesh.vertices)
    assert np.isfinite(mesh.vertices).all()


def test_stride_keeps_the_extent(height, image):
    mesh = depth_mesh(height, SCOPE, image, stride=5)
    assert len(mesh.vertices) == 4 * 5
    assert mesh.extent[:2] == ((COLUMNS - 1) * 0.5, (ROWS - 1) * 0.5)


def test_without_calibration_pixels_stay_pixels(height, tmp_path):
    mesh = depth_mesh(height, UncalibratedFocus(planes=4))
    assert mesh.unit == ""
    assert mesh.extent[:2] == (COLUMNS - 1, ROWS - 1)
    assert b"pixels" in save_mesh(mesh, tmp_path / "a.stl")[0].read_bytes()[:80]


def test_units_stand_in_the_files(height, tmp_path):
    for suffix in (".ply", ".obj", ".stl"):
        content = save_mesh(depth_mesh(height, SCOPE), tmp_path / f"a{suffix}")[0].read_bytes()
        assert b"unit um" in content[:200]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"depth": np.ones((1, 5))}, "at least 2 x 2"),
        ({"depth": np.full((4, 5), np.nan)}, "No triangle"),
        ({"valid": np.ones((3, 3))}, "mask has shape"),
        ({"image": np.ones((3, 3))}, "all-in-focus image has shape"),
        ({"stride": 0}, "stride must be"),
        ({"unit": "lightyear"}, "unit of length"),
        ({"optics": None, "unit": "mm"}, "no unit of length"),
        ({"depth_unit": "m"}, "The depth map is in m but the optics are in um"),
    ],
)
def test_bad_input_is_named(change, message):
    values = {"depth": np.ones((4, 5)), "optics": SCOPE} | change
    with pytest.raises(InputError, match=message):
        depth_mesh(**values)


def test_files_are_not_overwritten_unasked(height, image, tmp_path):
    mesh = depth_mesh(height, SCOPE, image)
    (tmp_path / "a.png").write_bytes(b"mine")
    with pytest.raises(InputError, match=r"a\.png is there already"):
        save_mesh(mesh, tmp_path / "a.obj")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    save_mesh(mesh, tmp_path / "a.obj", overwrite=True)
    with pytest.raises(InputError, match="names no mesh format"):
        save_mesh(mesh, tmp_path / "a.vrml")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mtl", "a.obj", "a.png"]
