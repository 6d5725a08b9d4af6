"""The samples that ship: found from an install, consistent with their optics and their scenes."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
import tifffile

from napari_defocus.errors import InputError
from napari_defocus.io import read_focal_stack
from napari_defocus.io.samples import load_truth, sample_names, sample_path
from napari_defocus.optics import load_optics
from napari_defocus.simulation import true_depth
from napari_defocus.simulation.scenes import etched_surface, still_life

SCENE = {"photograph": still_life, "microscope": etched_surface}


def folder_of(name):
    path = sample_path(name)
    return path if path.is_dir() else path.parent


@pytest.mark.parametrize("name", sample_names())
def test_sample_belongs_to_its_scene(name):
    setup = SCENE[name]()
    assert load_optics(folder_of(name) / "optics.toml") == setup.optics
    depth, _ = load_truth(name)
    np.testing.assert_allclose(depth, true_depth(*setup), rtol=1e-5)


@pytest.mark.parametrize(("name", "dtype"), [("photograph", np.uint8), ("microscope", np.uint16)])
def test_reader_opens_the_sample_with_its_optics(name, dtype):
    stack = read_focal_stack(sample_path(name))
    depth, all_in_focus = load_truth(name)
    assert stack.images.dtype == dtype
    assert stack.images.shape[1:] == all_in_focus.shape
    assert stack.images.shape[0] == stack.optics.planes
    assert depth.shape == all_in_focus.shape[:2]
    np.testing.assert_array_equal(
        stack.optics.focus_positions_array, SCENE[name]().optics.focus_positions_array
    )


@pytest.mark.parametrize("name", sample_names())
def test_truth_explains_the_sample(name):
    """Where a plane is in focus it shows the true image, up to noise; elsewhere it does not."""
    stack = read_focal_stack(sample_path(name))
    images = np.asarray(stack.images) / np.iinfo(stack.images.dtype).max
    depth, truth = load_truth(name)
    radius = stack.optics.blur_radius(depth)
    errors = np.abs(images - truth)
    errors = errors.mean(axis=-1) if errors.ndim == 4 else errors
    sharp, blurred = np.median(errors[radius < 0.25]), np.median(errors[radius > 4])
    assert sharp < 0.03
    assert blurred > 2 * sharp


def test_ome_metadata_tells_the_optics():
    optics = load_optics(folder_of("microscope") / "optics.toml")
    with tifffile.TiffFile(sample_path("microscope")) as file:
        root = ElementTree.fromstring(file.ome_metadata)
    objective, settings = root.find("{*}Instrument/{*}Objective"), root.find("{*}Image/{*}ObjectiveSettings")
    pixels = root.find("{*}Image/{*}Pixels")
    assert objective.get("ID") == settings.get("ID")
    assert float(objective.get("LensNA")) == optics.numerical_aperture
    assert float(settings.get("RefractiveIndex")) == optics.refractive_index
    assert float(pixels.get("PhysicalSizeX")) == float(pixels.get("PhysicalSizeY")) == optics.pixel_size
    assert float(pixels.find("{*}Channel").get("EmissionWavelength")) == optics.wavelength * 1000
    positions = [float(plane.get("PositionZ")) for plane in pixels.findall("{*}Plane")]
    assert positions == list(optics.focus_positions)


def test_samples_are_small():
    size = sum(file.stat().st_size for name in sample_names() for file in folder_of(name).rglob("*"))
    assert size < 4_000_000


def test_unknown_sample_is_refused():
    with pytest.raises(InputError, match="photograph, microscope"):
        sample_path("holiday")


def test_missing_files_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr("napari_defocus.io.samples.files", lambda package: tmp_path)
    with pytest.raises(InputError, match="install the package again"):
        load_truth("photograph")
