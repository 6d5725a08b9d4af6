"""Results read back."""

import json

import numpy as np
import pytest

from napari_defocus.errors import InputError
from napari_defocus.io import load_result, save_result
from napari_defocus.optics import Microscope
from napari_defocus.solver.result import DefocusResult
from napari_defocus.solver.settings import SolverSettings

SCOPE = Microscope(numerical_aperture=0.4, pixel_size=0.325, focus_positions=[0, 2, 4, 6])


def make_result(*, rgb=False, method="defocus"):
    rng = np.random.default_rng(0)
    shape = (20, 30)
    return DefocusResult(
        depth=rng.uniform(1, 4, shape).astype(np.float32),
        all_in_focus=rng.random((*shape, 3) if rgb else shape, dtype=np.float32),
        outliers=rng.random(shape) < 0.1,
        confidence=rng.random(shape, dtype=np.float32),
        losses=(0.5, 0.25, 0.125) if method == "defocus" else (),
        unit="um",
        method=method,
        parameters={"optics": SCOPE.to_dict(), "settings": SolverSettings().to_dict()},
        notes=("one note",),
    )


@pytest.mark.parametrize(("dtype", "step"), [("uint8", 1 / 255), ("uint16", 1 / 65535), ("float32", 0)])
@pytest.mark.parametrize("rgb", [False, True])
@pytest.mark.parametrize("method", ["defocus", "focus"])
def test_what_was_saved_comes_back(tmp_path, dtype, step, rgb, method):
    result = make_result(rgb=rgb, method=method)
    found = load_result(save_result(result, tmp_path / "out", images_dtype=dtype))
    for name in ("depth", "outliers", "confidence"):
        np.testing.assert_array_equal(getattr(found, name), getattr(result, name))
        assert getattr(found, name).dtype == getattr(result, name).dtype
    assert found.all_in_focus.dtype == np.float32
    np.testing.assert_allclose(found.all_in_focus, result.all_in_focus, atol=0.51 * step + 1e-7)
    assert (found.losses, found.unit, found.method) == (result.losses, result.unit, result.method)
    assert found.notes == result.notes
    assert found.parameters.items() >= json.loads(json.dumps(result.parameters)).items()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("depth.tif", None),
        ("all_in_focus.tif", "lacks its all-in-focus image"),
        ("outliers.png", "is damaged"),
        ("confidence.tif", "is damaged"),
        ("parameters.json", "is damaged"),
    ],
)
def test_a_file_that_is_missing(tmp_path, name, said):
    directory = save_result(make_result(), tmp_path / "out")
    (directory / name).unlink()
    if said is None:
        assert load_result(directory).unit == "um"
        return
    with pytest.raises(InputError, match=said):
        load_result(directory)
