import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from napari_defocus.optics.gaussian import discrete_gaussian, truncated_gaussian


@settings(deadline=None)
@given(sigma=st.floats(0.0, 12.0))
def test_discrete_gaussian_has_its_variance(sigma):
    kernel = discrete_gaussian(sigma)
    offsets = np.arange(len(kernel)) - len(kernel) // 2
    assert_allclose(kernel.sum(), 1.0)
    assert_allclose(kernel, kernel[::-1])
    assert_allclose(np.sum(kernel * offsets**2), sigma**2, rtol=4e-3, atol=5e-4)


def test_discrete_gaussians_compose():
    both = np.convolve(discrete_gaussian(0.6), discrete_gaussian(0.8))
    once = discrete_gaussian(1.0)
    margin = (len(both) - len(once)) // 2
    assert_allclose(both[margin : margin + len(once)], once, atol=3e-4)


def test_truncated_gaussian_is_a_sampled_one_within_its_window():
    kernel = truncated_gaussian(2.0, 11)
    offsets = np.arange(-5, 6)
    assert_allclose(kernel, np.exp(-(offsets**2) / 8.0) / np.exp(-(offsets**2) / 8.0).sum())
    assert_allclose(truncated_gaussian(0.0, 5), [0, 0, 1, 0, 0])
    assert_allclose(truncated_gaussian(1e4, 5), np.full(5, 0.2), rtol=1e-6)
