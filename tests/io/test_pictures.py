"""All-in-focus images to look at."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from napari_defocus.io.mesh import _texture
from napari_defocus.io.pictures import as_picture

RAMP = np.linspace(0, 1, 3000, dtype=np.float32).reshape(50, 60)


@pytest.mark.parametrize("share", [0.004, 0.2])
def test_dark_images_are_brightened(share):
    assert as_picture(share * RAMP).max() == pytest.approx(1, abs=0.01)
    assert _texture(share * RAMP, RAMP.shape).max() >= 253


@pytest.mark.parametrize("image", [RAMP, 0.6 * RAMP, np.zeros((9, 9), np.float32)])
def test_others_stay(image):
    assert_array_equal(as_picture(image), image)
