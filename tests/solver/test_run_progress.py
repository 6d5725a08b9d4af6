import numpy as np
import pytest
from numba import njit

from napari_defocus.optics import UncalibratedFocus
from napari_defocus.optics.compiling import compiled_before
from napari_defocus.solver import SolverSettings, alternating_minimization, progress


def stages(monkeypatch, known):
    monkeypatch.setattr(progress, "compiled_before", lambda kernel: known)
    seen = []
    run = progress.RunProgress(lambda share, message: seen.append(message), SolverSettings(epochs=2))
    for message, weight in (
        ("first residual", progress.RESIDUAL),
        ("epoch 1 of 2: depth", progress.DEPTH),
        ("epoch 1 of 2: all-in-focus", run.image_weight(1)),
        ("epoch 2 of 2: depth", progress.DEPTH),
    ):
        run.stage(message, weight)
    return seen


def test_a_first_run_says_that_it_compiles(monkeypatch):
    first, depth, aif, again = stages(monkeypatch, known=False)
    assert first == "first residual" + progress.COMPILING
    assert depth == "epoch 1 of 2: depth" + progress.COMPILING
    assert (aif, again) == ("epoch 1 of 2: all-in-focus", "epoch 2 of 2: depth")


def test_later_runs_say_nothing_of_it(monkeypatch):
    assert not any(progress.COMPILING in message for message in stages(monkeypatch, known=True))


def test_a_kernel_is_known_once_it_was_called(tmp_path, monkeypatch):
    monkeypatch.setattr("numba.core.config.CACHE_DIR", str(tmp_path))

    @njit(cache=True)
    def double(x):
        return 2 * x

    assert not compiled_before(double)
    assert double(np.float32(1.5)) == 3
    assert compiled_before(double)


SETTINGS = {"default": SolverSettings(), "no early end": SolverSettings(epochs=4, least_gain=0.0)}


@pytest.mark.parametrize("kind", SETTINGS)
def test_a_run_is_nearly_done_when_its_last_stage_begins(kind, monkeypatch):
    monkeypatch.setattr(progress, "LEAST_INTERVAL", 0.0)
    told = []
    images = np.random.default_rng(0).random((4, 40, 48)).astype(np.float32)
    optics, report = UncalibratedFocus(planes=4), lambda share, message: told.append((share, message))
    for _ in alternating_minimization(images, optics, SETTINGS[kind], progress=report):
        pass
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] == 1
    last = told[-2][1]
    assert 0.8 < next(share for share, message in told if message == last) < 1


def test_a_stage_that_was_not_counted_does_not_take_the_bar_back():
    told = []
    run = progress.PassProgress(lambda share, message: told.append(share), 10.0)
    run.begin("first", 6.0)(1.0)
    run.begin("second", 2.0)
    run.expect(10.0)
    run.begin("third", 10.0)
    run.begin("last", 2.0)
    run.end()
    assert told == sorted(told)
    assert told[-2] == pytest.approx(0.9)
    assert told[-1] == 1
