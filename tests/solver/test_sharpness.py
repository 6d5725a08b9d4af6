import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import ndimage

from napari_defocus.solver.sharpness import sharpness_cost

GREY = np.random.default_rng(0).random((41, 53), dtype=np.float32)
STRENGTHS = {
    "sobel": np.hypot(ndimage.sobel(GREY, 0), ndimage.sobel(GREY, 1)),
    "laplacian": np.abs(ndimage.laplace(GREY)),
    "log": np.abs(ndimage.gaussian_laplace(GREY, 1.0)),
}


@pytest.mark.parametrize("kind", STRENGTHS)
@pytest.mark.parametrize("sigma", [0.0, 0.7, 2.0])
def test_cost_is_the_smoothed_exponential_of_the_strength(kind, sigma):
    wanted = -np.exp(STRENGTHS[kind])
    if sigma:
        wanted = ndimage.gaussian_filter(wanted, sigma)
    assert_allclose(sharpness_cost(GREY, kind, sigma), wanted, rtol=2e-5)


def test_what_is_given_stays_as_it_is():
    grey = GREY.copy()
    sharpness_cost(grey, "sobel", 2.0)
    assert (grey == GREY).all()
