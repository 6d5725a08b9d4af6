import json

import numpy as np
import pytest
import tifffile

from napari_defocus import align_focal_stack, read_focal_stack, save_alignment
from napari_defocus.errors import InputError
from napari_defocus.io.samples import sample_path


@pytest.fixture(scope="module")
def microscope():
    stack = read_focal_stack(sample_path("microscope"))
    return stack, align_focal_stack(stack.images)


def test_a_microscope_keeps_its_sizes_and_optics(microscope, tmp_path):
    stack, result = microscope
    save_alignment(result, stack, tmp_path / "out")
    read = read_focal_stack(tmp_path / "out" / "aligned.ome.tif")
    assert read.optics == stack.optics
    assert read.metadata["pixel_size"] == stack.optics.pixel_size
    assert read.metadata["z_step"] == pytest.approx(2.5)
    np.testing.assert_array_equal(read.images.compute(), stack.images.compute())
    assert json.loads((tmp_path / "out" / "alignment.json").read_text())["changed"] is False


def test_colour_and_type_are_kept(tmp_path):
    images = np.random.default_rng(0).integers(0, 4096, (3, 16, 20, 3)).astype(np.uint16)
    stack = read_focal_stack(images)
    save_alignment(align_focal_stack(stack.images), stack, tmp_path / "out")
    written = tifffile.imread(tmp_path / "out" / "aligned.ome.tif")
    np.testing.assert_array_equal(written, images)


def test_other_files_are_not_overwritten(microscope, tmp_path):
    stack, result = microscope
    (tmp_path / "depth.tif").write_text("mine")
    with pytest.raises(InputError, match=r"depth\.tif"):
        save_alignment(result, stack, tmp_path, overwrite=True)
    assert (tmp_path / "depth.tif").read_text() == "mine"
