import numpy as np
import pytest

from napari_defocus.errors import InputError
from napari_defocus.measurement import areal_roughness


def test_by_hand():
    # mean 3, deviations -2, -1, 0, 3: Sa = 6 / 4, Sq = sqrt(14 / 4), Sz = 5
    found = areal_roughness([[1.0, 2.0], [3.0, 6.0]], level=False)
    assert (found.Sa, found.Sq, found.Sz) == pytest.approx((1.5, np.sqrt(3.5), 5.0))
    assert (found.pixels, found.levelled) == (4, False)


def test_chequers_stand_on_a_tilt():
    chequers = np.where(np.indices((10, 20)).sum(0) % 2, 1.0, -1.0)
    tilt = np.add.outer(3.0 * np.arange(10), 0.5 * np.arange(20))
    found = areal_roughness(chequers + tilt)
    assert (found.Sa, found.Sq, found.Sz) == pytest.approx((1, 1, 2), abs=0.02)
    assert areal_roughness(chequers + tilt, level=False).Sq > 8


def test_sine():
    # of amplitude 1: Sa = 2 / pi, Sq = 1 / sqrt 2, Sz = 2
    wave = np.tile(np.sin(2 * np.pi * (np.arange(400) + 0.5) / 40), (30, 1))
    found = areal_roughness(wave, level=False)
    assert (found.Sa, found.Sq, found.Sz) == pytest.approx((2 / np.pi, np.sqrt(0.5), 2), rel=0.01)


def test_only_the_region_counts():
    height = np.full((6, 6), 100.0)
    height[1:3, 1:3] = [[1, 2], [3, 6]]
    region = np.zeros((6, 6), bool)
    region[1:3, 1:4] = True
    height[:, 3] = np.nan
    assert areal_roughness(height, region=region, level=False).Sz == 5


def test_pixel_size_does_not_matter():
    height = np.random.default_rng(0).random((9, 7))
    assert areal_roughness(height, pixel_size=(0.1, 3)).Sq == pytest.approx(areal_roughness(height).Sq)


def test_too_few_pixels():
    with pytest.raises(
        InputError, match="at least 4 pixels with a depth, but there are 2; draw a larger region"
    ):
        areal_roughness(np.zeros((1, 2)))
