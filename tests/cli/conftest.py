import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

sys.path.insert(0, str(Path(__file__).parents[1] / "datasets"))  # for official_files.py

PLANES = 5
CAMERA = """
kind = "thin_lens"
focal_length_mm = 50
f_number = 8
pixel_pitch_um = 60
focus_distances_m = [1.0, 1.5, 2.5, 4.0, 6.0]
"""


@pytest.fixture(scope="session")
def planes():
    """A textured scene, sharpest in plane 1 on the left and in plane 3 on the right; (5, 40, 48, 3) uint8."""
    texture = np.random.default_rng(5).random((40, 48, 3))
    sharpest = np.where(np.arange(48) < 24, 1, 3)[None, :, None]
    stack = np.empty((PLANES, *texture.shape))
    for k in range(PLANES):
        sides = [gaussian_filter(texture, (0.8 * abs(k - s) + 0.3,) * 2 + (0,)) for s in (1, 3)]
        stack[k] = np.where(sharpest == 1, *sides)
    return np.rint(255 * stack).astype(np.uint8)


@pytest.fixture
def folder(planes, tmp_path):
    """The scene as a folder of PNG images."""
    path = tmp_path / "scene"
    path.mkdir()
    for k, image in enumerate(planes):
        Image.fromarray(image).save(path / f"plane{k}.png")
    return path


@pytest.fixture
def camera(tmp_path):
    """The optics of the scene as a file."""
    path = tmp_path / "camera.toml"
    path.write_text(CAMERA)
    return path


@pytest.fixture
def output(tmp_path):
    """A folder for results that is not there yet."""
    return tmp_path / "results"


@pytest.fixture
def refused(capsys):
    """Run the command; it must be refused with one sentence on stderr, which is returned."""
    from napari_defocus.cli.main import main

    def refuse(*args):
        assert main([str(arg) for arg in args]) == 2
        said = capsys.readouterr().err
        assert said.startswith("napari-defocus: ")
        assert said.count("\n") == 1
        assert said.endswith(".\n")
        return said

    return refuse
