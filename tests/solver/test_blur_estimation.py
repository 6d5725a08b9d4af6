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
    estimate_blur,
    read_focal_stack,
    solve,
)
from napari_defocus.io.samples import sample_path
from napari_defocus.metrics import abs_rel
from napari_defocus.solver import blur_fit

SHAPE = (112, 144)
GAUSSIAN = SolverSettings(white=1.0, **PLAIN)
LENS = ThinLens.from_camera(50, 8, 30, [1.0, 1.2, 1.5, 2.0, 3.0], blur_scale=0.7)
SCOPE = Microscope(
    numerical_aperture=0.3, pixel_size=0.5, focus_positions=np.arange(0, 20, 4.0), blur_scale=0.4
)
FREE = UncalibratedFocus(planes=5, blur_per_plane=1.2)


def depth_of(optics):
    positions = optics.focus_positions_array
    if isinstance(optics, ThinLens):
        return ramp((positions.min(), positions.max()), SHAPE)
    return np.broadcast_to(np.linspace(positions.min(), positions.max(), SHAPE[1]), SHAPE).astype(np.float32)


def stack_of(optics, depth=None, noise=0.004, **options):
    depth = depth_of(optics) if depth is None else depth
    stack = model_stack(optics, depth, texture(SHAPE), optics.default_depth_range(), **options)
    grain = np.random.default_rng(8).standard_normal(stack.shape)
    return np.clip(stack + noise * grain, 0, 1).astype(np.float32)


@pytest.mark.parametrize("factor", [0.4, 1.0, 2.5])
@pytest.mark.parametrize("optics", [LENS, SCOPE, FREE], ids=lambda optics: optics.kind)
def test_blur_scale_within_its_spread_whatever_was_told(optics, factor):
    told = optics.replace(blur_scale=factor * optics.blur_scale)
    found = estimate_blur(stack_of(optics), told, GAUSSIAN)
    assert found.determined
    assert abs(found.blur_scale - optics.blur_scale) < found.blur_scale_spread < 0.1 * optics.blur_scale
    assert found.optics == told.replace(blur_scale=found.blur_scale)
    figures = f"{found.blur_scale:.2f} ± {found.blur_scale_spread:.2f}"
    assert found.note == f"The blur scale was estimated from the stack: {figures}."


def test_blur_per_plane_where_it_was_not_given():
    found = estimate_blur(stack_of(FREE), FREE.replace(blur_per_plane=None, blur_scale=0.5), GAUSSIAN)
    assert found.blur_scale == 0.5
    assert found.optics.blur_per_plane == pytest.approx(2.4, rel=0.03)
    assert "blur per plane was estimated" in found.note
    assert found.note.endswith(" px.")


@pytest.mark.parametrize("name", ["photograph", "microscope"])
def test_blur_scale_of_a_rendered_stack_within_its_spread(name):
    stack = read_focal_stack(sample_path(name))
    images = np.asarray(stack.images)[:, :160, :200]
    found = estimate_blur(images, stack.optics.replace(blur_scale=1.0))
    assert found.determined
    assert abs(found.blur_scale - 0.5) < 2 * found.blur_scale_spread < 0.1


def test_of_many_planes_that_hardly_differ_some_are_left_out():
    many = UncalibratedFocus(planes=90, blur_per_plane=0.06)
    found = estimate_blur(stack_of(many), many.replace(blur_scale=0.5), GAUSSIAN)
    assert found.determined
    assert found.blur_scale == pytest.approx(1.0, abs=found.blur_scale_spread)


def test_planes_in_any_order_give_the_same():
    order = [3, 0, 4, 2, 1]
    shuffled = LENS.replace(focus_distances=np.array(LENS.focus_distances)[order])
    stack = stack_of(LENS)
    found = estimate_blur(stack, LENS, GAUSSIAN)
    assert estimate_blur(stack[order], shuffled, GAUSSIAN).blur_scale == pytest.approx(
        found.blur_scale, rel=1e-6
    )


def test_blur_in_focus_changes_nothing_and_is_not_told():
    soft = LENS.replace(in_focus_blur=0.8)
    found = estimate_blur(stack_of(soft), LENS.replace(in_focus_blur=0.3), GAUSSIAN)
    assert found.blur_scale == pytest.approx(0.7, abs=found.blur_scale_spread)
    assert (found.in_focus_blur, found.in_focus_blur_spread) == (0.3, np.inf)


def test_white_patches_play_no_part():
    stack = stack_of(LENS)
    burnt = stack.copy()
    burnt[:, :60, :60] = np.where(stack[:, :60, :60] > 0.45, 1.0, stack[:, :60, :60])
    found = estimate_blur(burnt, LENS, GAUSSIAN)
    assert found.blur_scale == pytest.approx(0.7, abs=found.blur_scale_spread)


def noise_only(shape=(5, *SHAPE)):
    return (0.5 + 0.02 * np.random.default_rng(1).standard_normal(shape)).astype(np.float32)


def two_planes():
    return LENS.replace(focus_distances=LENS.focus_distances[:2])


@pytest.mark.parametrize(
    ("make", "optics", "reason"),
    [
        (lambda: np.full((5, *SHAPE), 0.5), LENS, "too little of it has texture"),
        (noise_only, LENS, "texture that stands out from the noise"),
        (lambda: noise_only((2, *SHAPE)), two_planes(), "two planes fit every blur scale"),
        (lambda: stack_of(LENS)[:2], two_planes(), "two planes fit every blur scale"),
        (lambda: stack_of(FREE, np.full(SHAPE, 4.4, np.float32)), FREE, "between the first and the last"),
        (lambda: np.repeat(texture(SHAPE), 5, axis=0) + noise_only() - 0.5, LENS, "hardly changes"),
        (lambda: stack_of(LENS)[:, :24, :24], LENS, "too little of it has texture"),
    ],
    ids=["flat", "noise", "two planes of noise", "two planes", "beyond the stack", "all alike", "small"],
)
def test_a_stack_that_does_not_determine_the_blur_is_refused(make, optics, reason):
    found = estimate_blur(make(), optics, GAUSSIAN)
    assert not found.determined
    assert (found.blur_scale, found.blur_scale_spread) == (optics.blur_scale, np.inf)
    assert found.optics == optics
    assert reason in found.note


@pytest.mark.parametrize(("share", "determined"), [(0.52, False), (1.0, True)])
def test_parts_for_scales_far_apart_disagree(monkeypatch, share, determined):
    """The scales near the best are searched finely; that the rest of the stack is for others still counts."""

    def residuals(spectra, optics, kernel, scales, progress=None):
        best = np.where(np.arange(len(spectra)) < share * len(spectra), 0.3, 3.0)
        return 0.01 + np.minimum(np.log(scales / best[:, None]) ** 2, 0.5), np.ones(len(spectra))

    monkeypatch.setattr(blur_fit, "patch_residuals", residuals)
    found = estimate_blur(stack_of(LENS), LENS, GAUSSIAN)
    assert found.determined == determined
    if not determined:
        assert "its parts disagree about the blur" in found.note


def test_an_uncalibrated_stack_that_is_refused_gets_some_blur_and_a_note():
    found = estimate_blur(np.full((5, 64, 64), 0.5), UncalibratedFocus(planes=5))
    assert not found.determined
    assert found.optics.blur_per_plane == 1.0
    assert "does not determine the blur per plane" in found.note


def test_a_run_takes_the_estimate_and_is_as_good_as_with_the_true_blur():
    stack, depth = stack_of(LENS), depth_of(LENS)
    settings = GAUSSIAN.replace(epochs=1)
    wrong = LENS.replace(blur_scale=0.4 * LENS.blur_scale)
    result = solve(stack, wrong, settings.replace(estimate_blur=True))
    as_given = settings.replace(estimate_blur=False)
    known, lost = (abs_rel(solve(stack, optics, as_given).depth, depth) for optics in (LENS, wrong))
    assert abs_rel(result.depth, depth) <= 1.2 * known
    assert lost > 1.5 * known
    assert result.parameters["optics"]["blur_scale"] == pytest.approx(0.7, rel=0.05)
    assert result.notes[0].startswith("The blur scale was estimated from the stack: 0.")


def test_a_run_on_a_stack_that_does_not_determine_it_keeps_what_is_given():
    result = solve(stack_of(LENS)[:2], two_planes(), GAUSSIAN.replace(epochs=1, estimate_blur=True))
    assert result.parameters["optics"]["blur_scale"] == 0.7
    assert "two planes" in result.notes[0]


def test_progress_rises_to_the_end_and_can_stop_the_estimate():
    seen = []
    stack = stack_of(LENS)
    estimate_blur(stack, LENS, GAUSSIAN, progress=lambda share, message: seen.append(share))
    assert seen == sorted(seen)
    assert seen[-1] == 1

    def stop(share, message):
        if "blur" in message:
            raise CancelledError

    with pytest.raises(CancelledError):
        estimate_blur(stack, LENS, GAUSSIAN, progress=stop)


def test_optics_of_another_stack_are_refused():
    with pytest.raises(InputError, match="5 focus positions"):
        estimate_blur(np.zeros((4, 32, 32), np.uint8), LENS)
