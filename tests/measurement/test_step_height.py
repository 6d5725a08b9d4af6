import numpy as np
import pytest
from scipy.ndimage import uniform_filter

from napari_defocus.errors import InputError
from napari_defocus.measurement import region_level, step_height


def halves(shape):
    left = np.zeros(shape, bool)
    left[:, : shape[1] // 2] = True
    return left, ~left


def test_by_hand():
    height = np.array([[1.0, 2, 11, 12], [3, 100, 13, 14]])
    height[1, 1] = np.nan
    left, right = halves(height.shape)
    right[0, 3] = True
    with pytest.raises(InputError, match="there are 3"):
        step_height(height, left, right)
    height[1, 1] = 4
    found = step_height(height, left, right)
    assert found.height == 10  # medians 2.5 and 12.5
    assert found.first.scatter == pytest.approx(1.4826 * 1.0)  # deviations 1.5, 0.5, 0.5, 1.5
    assert found.height == -step_height(height, right, left).height


def test_uncertainty_of_independent_pixels():
    rng = np.random.default_rng(0)
    height = rng.normal(0, 0.3, (100, 200))
    height[:, 100:] += 5
    found = step_height(height, *halves(height.shape))
    expected = np.sqrt(np.pi / 2) * 0.3 / 100  # of each median: 10 000 pixels
    assert found.first.uncertainty == pytest.approx(expected, rel=0.05)
    assert found.uncertainty == pytest.approx(np.sqrt(2) * expected, rel=0.05)
    assert abs(found.height - 5) < 3 * found.uncertainty


def test_uncertainty_of_pixels_that_are_alike():
    """The spread of the medians of many maps is what each of them says."""
    rng = np.random.default_rng(0)
    everything = np.ones((60, 60), bool)
    levels = [region_level(uniform_filter(rng.normal(size=(60, 60)), 5), everything) for _ in range(60)]
    spread = np.std([level.median for level in levels])
    told = np.mean([level.uncertainty for level in levels])
    assert told == pytest.approx(spread, rel=0.2)
    assert levels[0].independent == pytest.approx(np.pi / 2 * 3600 / 25, rel=0.4)


def test_outliers_hardly_matter():
    rng = np.random.default_rng(0)
    height = rng.normal(0, 0.1, (50, 100))
    height[:, 50:] += 2
    height[rng.random(height.shape) < 0.05] = 80
    assert step_height(height, *halves(height.shape)).height == pytest.approx(2, abs=0.02)


def test_even_regions_are_certain():
    height = np.repeat([[0.0, 3.0]], 6, axis=0).repeat(4, axis=1)
    found = step_height(height, *halves(height.shape))
    assert (found.height, found.uncertainty, found.first.independent) == (3.0, 0.0, 24)
