"""File > Save Selected Layers with this plugin's writers, and reading back."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
import trimesh
from napari.layers import Image
from npe2 import PluginManifest
from tiny_stacks import LENS, SCOPE, add_stack, make_stack

from napari_defocus.errors import InputError
from napari_defocus.io import read_depth_map
from napari_defocus.plugin.defocus_widget import DefocusWidget
from napari_defocus.plugin.reader import get_reader
from napari_defocus.plugin.result_layers import ResultLayers
from napari_defocus.plugin.stack_source import stack_from_layer
from napari_defocus.plugin.writers import write_mesh, write_tiff
from napari_defocus.solver.result import DefocusResult

ROOT = Path(__file__).parents[2]


@pytest.fixture
def _registered(npe2pm):
    """Napari's own readers and writers, and ours."""
    import napari_builtins

    npe2pm.register(PluginManifest.from_file(Path(napari_builtins.__file__).with_name("builtins.yaml")))
    npe2pm.register(PluginManifest.from_file(ROOT / "napari.yaml"))


def add_result(viewer, optics=SCOPE, dtype="uint16", rgb=False):
    """The layers of a run, by their kind."""
    data = make_stack(dtype=dtype, rgb=rgb)
    layer = add_stack(viewer, data, optics, rgb=rgb, contrast_limits=(0, 65535))
    if optics is SCOPE:
        layer.scale, layer.units = (2, 0.325, 0.325), ("um", "um", "um")
    random = np.random.default_rng(4)
    result = DefocusResult(
        depth=random.uniform(1, 3, (24, 24)).astype(np.float32),
        all_in_focus=random.random((24, 24, 3) if rgb else (24, 24)).astype(np.float32),
        outliers=random.random((24, 24)) > 0.5,
        confidence=random.random((24, 24)).astype(np.float32),
        losses=(1.0, 0.5),
        unit=optics.depth_unit,
        method="defocus",
        parameters={"optics": optics.to_dict()},
    )
    layers = ResultLayers(viewer, stack_from_layer(layer), (1, 3), result.unit).layers(result)
    return {added.metadata["napari_defocus"]["kind"]: viewer.add_layer(added) for added in layers}


def save(viewer, path, *layers):
    viewer.layers.selection = set(layers)
    written = viewer.layers.save(path, selected=True)
    assert written
    return written


@pytest.mark.usefixtures("_registered")
def test_depth_keeps_values_and_units(viewer, tmp_path):
    depth = add_result(viewer)["depth"]
    path = Path(save(viewer, tmp_path / "stone.depth.ome.tif", depth)[0])
    with tifffile.TiffFile(path) as tif:
        pixels = tif.asarray()
        ome = tifffile.xml2dict(tif.ome_metadata)["OME"]["Image"]
    assert pixels.dtype == np.float32
    np.testing.assert_array_equal(pixels, depth.data)
    assert ome["Description"] == "Depth in um"
    assert ome["Pixels"]["Channel"]["Name"] == "depth (um)"
    assert ome["Pixels"]["PhysicalSizeX"] == ome["Pixels"]["PhysicalSizeY"] == 0.325
    assert ome["Pixels"]["PhysicalSizeXUnit"] == "µm"
    assert read_depth_map(path).unit == "um"


@pytest.mark.usefixtures("_registered")
def test_napari_reads_the_depth_back_with_its_units(viewer, tmp_path):
    depth = add_result(viewer)["depth"]
    path = save(viewer, tmp_path / "stone.depth.ome.tif", depth)[0]
    viewer.layers.clear()
    (again,) = viewer.open(path, plugin="napari-defocus")
    np.testing.assert_array_equal(again.data, depth.data)
    np.testing.assert_allclose(again.scale, (0.325, 0.325))
    assert [str(unit) for unit in again.units] == ["micrometer", "micrometer"]
    assert again.metadata["napari_defocus"]["unit"] == "um"
    assert "(um)" in again.name


def test_a_camera_has_a_unit_of_depth_and_no_size_of_a_pixel(viewer, tmp_path):
    depth = add_result(viewer, LENS)["depth"]
    (path,) = write_tiff(str(tmp_path / "scene"), *depth.as_layer_data_tuple()[:2])
    assert path.endswith("scene.depth.ome.tif")
    assert read_depth_map(path).unit == "m"
    with tifffile.TiffFile(path) as tif:
        assert "PhysicalSizeX" not in tif.ome_metadata
    ((_, options, _),) = get_reader(path)(path)
    assert "scale" not in options
    assert options["name"] == "scene (m)"


@pytest.mark.usefixtures("_registered")
@pytest.mark.parametrize("rgb", [False, True])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_all_in_focus_has_the_bit_depth_of_the_input(dtype, rgb, viewer, tmp_path):
    aif = add_result(viewer, dtype=dtype, rgb=rgb)["all-in-focus"]
    pixels = tifffile.imread(save(viewer, tmp_path / "image.ome.tif", aif)[0])
    assert pixels.dtype == dtype
    white = 1 if dtype == "float32" else np.iinfo(dtype).max
    np.testing.assert_allclose(pixels / white, aif.data, atol=0.51 / white)


@pytest.mark.usefixtures("_registered")
def test_any_image_can_be_saved_with_its_scale(viewer, tmp_path):
    layer = viewer.add_image(
        make_stack(dtype="uint16"), scale=(1.5, 0.2, 0.1), units=("mm", "mm", "mm"), rgb=False
    )
    path = save(viewer, tmp_path / "stack.ome.tif", layer)[0]
    with tifffile.TiffFile(path) as tif:
        np.testing.assert_array_equal(tif.asarray(), layer.data)
        pixels = tifffile.xml2dict(tif.ome_metadata)["OME"]["Image"]["Pixels"]
    assert [pixels[f"PhysicalSize{axis}"] for axis in "XYZ"] == pytest.approx([100, 200, 1500])
    assert pixels["SizeZ"] == 4


@pytest.mark.usefixtures("_registered")
def test_plain_tiff_stays_with_napari(viewer, tmp_path):
    layer = viewer.add_image(np.zeros((8, 8), np.uint8), units=("um", "um"))
    path = save(viewer, tmp_path / "plain.tif", layer)[0]
    with tifffile.TiffFile(path) as tif:
        assert tif.ome_metadata is None


@pytest.mark.usefixtures("_registered")
@pytest.mark.parametrize("suffix", [".ply", ".obj", ".stl"])
def test_depth_and_image_become_a_mesh(suffix, viewer, tmp_path):
    layers = add_result(viewer)
    path = save(viewer, tmp_path / f"stone{suffix}", layers["depth"], layers["all-in-focus"])[0]
    seen = trimesh.load(path, process=False, force="mesh")
    expected = [23 * 0.325, 23 * 0.325, np.ptp(layers["depth"].data)]
    np.testing.assert_allclose(seen.extents, expected, rtol=1e-5)
    assert (tmp_path / "stone.png").exists() == (suffix == ".obj")


def test_layers_that_make_no_mesh_are_refused(viewer, tmp_path):
    layers = add_result(viewer)
    for chosen in (["confidence"], ["depth", "confidence"], ["depth", "depth"]):
        with pytest.raises(InputError, match="A mesh is made of one depth layer"):
            write_mesh(str(tmp_path / "a.ply"), [layers[kind].as_layer_data_tuple() for kind in chosen])
    assert not list(tmp_path.iterdir())


def test_images_that_tiff_cannot_hold_are_refused(tmp_path):
    for data, message in ((np.zeros((1,) * 6), "2 to 5 axes"), (np.zeros((3, 3), np.int64), "64-bit")):
        with pytest.raises(InputError, match=message):
            write_tiff(str(tmp_path / "a.ome.tif"), data, {})
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("_registered")
def test_a_saved_result_opens_by_its_parameters(viewer, qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr("napari.current_viewer", lambda: viewer)
    add_result(viewer)
    widget = DefocusWidget(viewer)
    qtbot.addWidget(widget)
    widget.save_bar.save(tmp_path)
    qtbot.waitUntil(lambda: widget.save_bar.save_button.isEnabled(), timeout=60_000)
    before = {layer.name: layer.data for layer in viewer.layers if "[1]" in layer.name}
    (folder,) = tmp_path.iterdir()
    opened = viewer.open(folder / "parameters.json", plugin="napari-defocus")
    assert [layer.metadata["napari_defocus"]["run"] for layer in opened] == [2] * 4
    for layer, name in zip(opened, ("outliers", "confidence", "all-in-focus", "depth (um)"), strict=True):
        assert layer.name == f"{folder.name} {name} [2]"
        np.testing.assert_allclose(layer.data, before[f"stone {name} [1]"], atol=1e-5)
        np.testing.assert_allclose(layer.scale, (0.325, 0.325))
        assert {str(unit) for unit in layer.units} == {"micrometer"}
    assert opened[-1].metadata["napari_defocus"]["images_dtype"] == "uint16"
    assert opened[-1].visible
    assert opened[-1].metadata["napari_defocus"]["origin"]["source"] == "stone"


def test_a_result_of_more_axes_is_refused(viewer, notifications, qtbot, tmp_path):
    depth = add_result(viewer)["depth"]
    viewer.layers.remove(depth)
    viewer.add_layer(Image(depth.data[None], name="series", metadata=depth.metadata))
    widget = DefocusWidget(viewer)
    qtbot.addWidget(widget)
    widget.save_bar.save(tmp_path)
    assert "'series' has 3 axes" in notifications[-1]
