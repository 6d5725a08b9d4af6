import numpy as np
import pytest

from napari_defocus.errors import InputError
from napari_defocus.optics import Microscope, ThinLens, UncalibratedFocus
from napari_defocus.optics.binning import binned, unbinned

LENS = ThinLens.from_camera(50, 4, 5, [1, 2, 3], blur_scale=0.5, min_blur=0.4, in_focus_blur=0.8)
SCOPE = Microscope(numerical_aperture=0.3, pixel_size=0.2, focus_positions=[0, 2, 4], min_blur=0.4)
FREE = UncalibratedFocus(planes=3, blur_per_plane=2.0, in_focus_blur=0.6)


@pytest.mark.parametrize("optics", [LENS, SCOPE, FREE], ids=lambda optics: optics.kind)
def test_blur_in_large_pixels_is_the_same_length(optics):
    depths = np.linspace(0.9, 2.2, 5)
    assert binned(optics, 4).blur_sigma(depths) == pytest.approx(optics.blur_sigma(depths) / 4)


@pytest.mark.parametrize("optics", [LENS, SCOPE, FREE], ids=lambda optics: optics.kind)
def test_depths_and_unit_stay(optics):
    assert binned(optics, 3).default_depth_range() == optics.default_depth_range()
    assert binned(optics, 3).depth_unit == optics.depth_unit


@pytest.mark.parametrize("optics", [LENS, SCOPE, FREE], ids=lambda optics: optics.kind)
def test_pixels_are_made_small_again(optics):
    back = unbinned(binned(optics, 3), 3)
    for name, value in optics.to_dict().items():
        assert back.to_dict()[name] == (pytest.approx(value) if isinstance(value, float) else value)


def test_unknown_blur_stays_unknown():
    free = UncalibratedFocus(planes=3)
    assert binned(free, 2) == free
    assert binned(LENS, 1) == LENS


@pytest.mark.parametrize("factor", [0, -2, 1.5, True])
def test_other_factors_are_refused(factor):
    for change in (binned, unbinned):
        with pytest.raises(InputError, match="factor"):
            change(LENS, factor)
