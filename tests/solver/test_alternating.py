from dataclasses import replace

import dask.array as da
import numpy as np
import pytest
from stacks import PLAIN, model_stack, ramp, texture

from napari_defocus import (
    CancelledError,
    InputError,
    Microscope,
    SolverSettings,
    ThinLens,
    UncalibratedFocus,
    alternating_minimization,
    solve,
)
from napari_defocus.solver import alternating

LENS = ThinLens.from_camera(50, 8, 12, [1.0, 1.25, 1.67, 2.5, 5.0], min_blur=0.5)
RANGE = (0.9, 6.0)
SHAPE = (60, 80)


@pytest.fixture(scope="module")
def scene():
    depth = ramp((1.0, 5.0), SHAPE)
    image = texture(SHAPE, 3)
    return depth, np.moveaxis(image, 0, -1), model_stack(LENS, depth, image, RANGE)


def quick(**changes):
    return SolverSettings(**{"epochs": 2, "depth_range": RANGE, "white": 1.0} | PLAIN | changes)


@pytest.mark.parametrize("window", [1, 5])
@pytest.mark.parametrize("warm", [True, False])
@pytest.mark.parametrize("noise", [0.0, 0.03])
def test_loss_never_rises(scene, window, warm, noise):
    stack = scene[2] + noise * np.random.default_rng(0).standard_normal(scene[2].shape)
    settings = quick(epochs=3, least_gain=0, cost_window=window, warm_start=warm, fista_iterations=8)
    losses = solve(stack, LENS, settings).losses
    assert len(losses) == 1 + 2 * 3
    assert (np.diff(losses) <= 0).all()
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("gain", [0.03, 0.2])
@pytest.mark.parametrize("noise", [0.0, 0.03])
def test_loss_never_rises_by_default_and_the_run_ends_when_little_is_gained(scene, noise, gain):
    stack = scene[2] + noise * np.random.default_rng(0).standard_normal(scene[2].shape)
    settings = SolverSettings(epochs=8, least_gain=gain, smoothness=1.0, depth_range=RANGE, white=1.0)
    losses = np.array(solve(stack, LENS, settings).losses)
    assert (np.diff(losses) <= 0).all()
    gains = 1 - losses[4::2] / losses[2:-2:2]  # of the epochs after the first
    assert len(losses) < 1 + 2 * 8
    assert gains[-1] < gain
    assert (gains[:-1] >= gain).all()


def test_a_stack_that_obeys_the_model_is_solved(scene):
    depth, image, stack = scene
    result = solve(stack, LENS, SolverSettings.simulation(epochs=12, depth_range=RANGE, white=1.0))
    inner = (slice(5, -5), slice(5, -5))
    assert np.median(np.abs(result.depth - depth)[inner] / depth[inner]) < 0.01
    assert (np.abs(result.depth / depth - 1)[inner] < 0.25).mean() > 0.97
    assert np.sqrt(((result.all_in_focus - image)[inner] ** 2).mean()) < 0.02


def test_states_come_in_order_and_are_never_changed(scene):
    kept = [
        (state, state.depth.copy(), state.all_in_focus.copy())
        for state in alternating_minimization(scene[2], LENS, quick())
    ]
    steps = [(state.epoch, state.step) for state, *_ in kept]
    epochs = [(1, "depth"), (1, "aif"), (2, "depth"), (2, "aif")]
    evenings = "bilateral", "sharpening", "median", "occlusion", "denoising", "regression"
    ending = [(2, step) for step in evenings]
    assert steps == [(0, "initialization"), *epochs, *ending]
    for state, depth, image in kept:
        assert (state.depth == depth).all()
        assert (state.all_in_focus == image).all()
    assert kept[-1][0].losses == tuple(state.loss for state, *_ in kept[: -len(ending)])


@pytest.mark.parametrize("stands", [True, False])
def test_initialization_comes_before_it_is_tried_and_again_if_revised(scene, monkeypatch, stands):
    tried = []

    def revised(run, start, doubt, progress):
        tried.append(len(states))
        return start if stands else replace(start)

    monkeypatch.setattr(alternating, "revises", lambda *_: True)
    monkeypatch.setattr(alternating, "in_doubt", lambda *_: np.ones(1, np.bool_))
    monkeypatch.setattr(alternating, "revised", revised)
    states = []
    for state in alternating_minimization(scene[2], LENS, quick(epochs=1)):
        states.append((state.epoch, state.step))
        assert list(state.losses) == sorted(state.losses, reverse=True)  # each start has losses of its own
    assert tried == [1]
    first = [(0, "initialization")] * (1 if stands else 2)
    assert states[: len(first) + 2] == [*first, (1, "depth"), (1, "aif")]


def test_result_has_the_promised_shapes_and_types(scene):
    result = solve(scene[2], LENS, quick(epochs=1))
    assert result.depth.shape == result.outliers.shape == result.confidence.shape == SHAPE
    assert result.all_in_focus.shape == (*SHAPE, 3)
    assert {a.dtype for a in (result.depth, result.all_in_focus, result.confidence)} == {np.dtype(np.float32)}
    assert result.outliers.dtype == bool
    assert result.confidence.min() >= 0
    assert result.confidence.max() <= 1
    assert result.all_in_focus.min() >= 0
    assert result.all_in_focus.max() <= 1
    assert result.depth.min() >= RANGE[0] * 0.999
    assert result.depth.max() <= RANGE[1] * 1.001
    assert result.unit == "m"


def test_parameters_make_the_same_result_again(scene):
    result = solve(scene[2], LENS, quick(epochs=1))
    optics = ThinLens.from_dict(result.parameters["optics"])
    again = solve(scene[2], optics, SolverSettings.from_dict(result.parameters["settings"]))
    assert (again.depth == result.depth).all()


def test_types_of_input_give_the_same_depth(scene):
    grey = scene[2][..., 1]
    sixteen = (grey * 65535).round().astype(np.uint16)
    plain = solve(sixteen, LENS, quick(epochs=1, white=None))
    lazy = solve(da.from_array(sixteen, chunks=(1, -1, -1)), LENS, quick(epochs=1, white=None))
    floating = solve(sixteen.astype(np.float64), LENS, quick(epochs=1, white=65535))
    assert plain.all_in_focus.shape == SHAPE
    assert (lazy.depth == plain.depth).all()
    assert np.abs(floating.depth - plain.depth).max() < 0.02
    assert plain.all_in_focus.max() > 0.8  # 16 bits are not taken for 8


def test_microscope_depth_is_in_its_unit():
    scope = Microscope(numerical_aperture=0.3, pixel_size=0.5, focus_positions=np.arange(0, 20, 4.0))
    depth = np.broadcast_to(np.linspace(1, 15, 70), (50, 70)).astype(np.float32)
    stack = model_stack(scope, depth, texture((50, 70)), scope.default_depth_range())
    result = solve(stack, scope, SolverSettings(epochs=3, white=1.0, **PLAIN))
    assert result.unit == "um"
    assert np.median(np.abs(result.depth - depth)) < 0.3


def test_unknown_blur_per_plane_is_estimated_and_said():
    free = UncalibratedFocus(planes=7, blur_per_plane=0.8, blur_scale=1.0)
    shape = (80, 100)
    depth = np.broadcast_to(np.linspace(0, 6, 100), shape).astype(np.float32)
    stack = model_stack(free, depth, texture(shape), (-0.5, 6.5))
    result = solve(stack, UncalibratedFocus(planes=7), SolverSettings(epochs=1, white=1.0, **PLAIN))
    assert result.parameters["optics"]["blur_per_plane"] == pytest.approx(0.8, rel=0.25)
    assert "estimated" in result.notes[0]
    assert np.median(np.abs(result.depth - depth)) < 0.25


def test_progress_rises_to_the_end_and_can_stop_the_run(scene):
    seen = []
    solve(scene[2], LENS, quick(epochs=1), progress=lambda share, message: seen.append((share, message)))
    shares = [share for share, _ in seen]
    assert shares == sorted(shares)
    assert seen[-1] == (1.0, "done")
    assert any("epoch 1 of 1: depth" in message for _, message in seen)

    def stop(share, message):
        if "all-in-focus" in message:
            raise CancelledError

    states = []
    with pytest.raises(CancelledError):
        states.extend(alternating_minimization(scene[2], LENS, quick(), progress=stop))
    assert [state.step for state in states] == ["initialization", "depth"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"images": np.ones((1, 20, 20))}, "only one plane"),
        ({"images": np.ones((32, 40, 3))}, "one colour image"),
        ({"images": np.ones((5, 2, 20, 20))}, "four axes"),
        ({"images": "my_stack"}, "read_focal_stack"),
        ({"images": np.ones((4, 20, 20))}, "4 planes.*5 focus"),
        ({"images": np.full((5, 20, 20), np.nan)}, "NaN"),
        ({"settings": quick(depth_range=(2.0, 1.0))}, "empty"),
        ({"settings": quick(depth_range=(-1.0, 2.0))}, "behind the lens"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(scene, change, says):
    arguments = {"images": scene[2], "optics": LENS, "settings": quick()} | change
    with pytest.raises(InputError, match=says) as caught:
        solve(**arguments)
    assert "\n" not in str(caught.value)
