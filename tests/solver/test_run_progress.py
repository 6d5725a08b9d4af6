import numpy as np
from numba import njit

from napari_defocus.optics.compiling import compiled_before
from napari_defocus.solver import SolverSettings, progress


def stages(monkeypatch, known):
    monkeypatch.setattr(progress, "compiled_before", lambda kernel: known)
    seen = []
    run = progress.RunProgress(lambda share, message: seen.append(message), SolverSettings(epochs=2))
    for message, weight in (
        ("first residual", progress.PREPARATION),
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
