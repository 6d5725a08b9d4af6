import dask.array as da
import numpy as np
import pytest
from moved_stacks import SHAPE, breathing, miss, moved_stack, relative

from napari_defocus import CancelledError, InputError, align_focal_stack, read_focal_stack
from napari_defocus.alignment import Motion
from napari_defocus.io.samples import sample_path

JITTER = [
    Motion(0.99, 0.3, 2.0, -1.5),
    Motion(0.996, -0.2, -1.0, 0.5),
    Motion(1.0, 0.0, 0.0, 0.0),
    Motion(1.004, 0.1, 0.7, 2.2),
    Motion(1.01, -0.4, -2.5, 1.0),
]


@pytest.fixture(scope="module")
def jittered():
    return moved_stack(JITTER, noise=0.005)


def test_motions_are_recovered_although_blur_differs(jittered):
    result = align_focal_stack(jittered)
    assert result.reference == 2
    for plane, true in zip(result.planes, JITTER, strict=True):
        assert miss(plane.motion, true) < 0.1
    assert [plane.accepted for plane in result.planes] == [True, True, False, True, True]


def test_aligned_planes_agree_with_planes_that_never_moved(jittered):
    result = align_focal_stack(jittered)
    still = moved_stack([Motion()] * 5)
    inside = (slice(None), slice(8, -8), slice(8, -8))
    before = np.abs(jittered - still)[inside].mean(axis=(1, 2))
    after = np.abs(result.images - still)[inside].mean(axis=(1, 2))
    moved = [0, 1, 3, 4]
    assert (after[moved] < 0.3 * before[moved]).all()
    np.testing.assert_array_equal(result.images[2], jittered[2])


@pytest.mark.parametrize("reference", [0, 4])
def test_any_plane_can_be_the_reference(jittered, reference):
    result = align_focal_stack(jittered, reference=reference)
    for plane, true in zip(result.planes, relative(JITTER, reference), strict=True):
        assert miss(plane.motion, true) < 0.12
    np.testing.assert_array_equal(result.images[reference], jittered[reference])


def test_slight_breathing_is_found_to_a_tenth_of_a_pixel():
    motions = breathing(7, 0.01)
    result = align_focal_stack(moved_stack(motions, noise=0.005))
    assert result.changed
    for plane, true in zip(result.planes, motions, strict=True):
        assert miss(plane.motion, true) < 0.1


def test_kinds_of_motion_leave_out_what_they_do_not_know(jittered):
    shifts = align_focal_stack(jittered, motion="translation")
    assert max(abs(plane.motion.factor - 1) for plane in shifts.planes) < 1e-6
    growth = align_focal_stack(jittered, motion="breathing")
    assert max(abs(plane.motion.rotation) for plane in growth.planes) < 1e-4
    assert growth.planes[0].motion.scale == pytest.approx(0.99, abs=1e-3)


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_an_aligned_stack_comes_back_as_it_is(noise):
    images = moved_stack([Motion()] * 6, noise=noise)
    result = align_focal_stack(images)
    assert result.images is images
    assert not result.changed
    assert result.valid == ((0, SHAPE[0]), (0, SHAPE[1]))
    assert "aligned already" in result.notes[0]


@pytest.mark.parametrize("sample", ["photograph", "microscope"])
def test_the_samples_come_out_unchanged(sample):
    images = read_focal_stack(sample_path(sample)).images
    assert align_focal_stack(images).images is images


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64", "int32"])
def test_the_type_is_kept(jittered, dtype):
    white = {"uint8": 200, "uint16": 60_000, "int32": 10**6}.get(dtype, 1.0)
    images = (np.clip(jittered, 0, 1) * white).astype(dtype)
    result = align_focal_stack(images)
    assert result.images.dtype == dtype
    assert result.changed
    for moved, plane in zip(result.images, images, strict=True):
        assert plane.min() <= moved.min()
        assert moved.max() <= plane.max()


def test_colours_move_together(jittered):
    images = np.stack([jittered, 0.5 * jittered, 0.25 * jittered], axis=-1)
    result = align_focal_stack(images)
    assert result.images.shape == images.shape
    np.testing.assert_allclose(result.images[..., 1], 0.5 * result.images[..., 0], atol=1e-9)


def test_dask_stays_lazy_and_gives_the_same(jittered):
    lazy = align_focal_stack(da.from_array(jittered, chunks=(2, 60, 160)))
    assert lazy.images.chunks[0] == (1,) * 5
    np.testing.assert_allclose(lazy.images.compute(), align_focal_stack(jittered).images, atol=1e-12)


def test_large_planes_are_measured_at_reduced_size(monkeypatch, jittered):
    monkeypatch.setattr("napari_defocus.alignment.align.MOST_PIXELS", 120 * 160 // 4)
    result = align_focal_stack(jittered)
    for plane, true in zip(result.planes, JITTER, strict=True):
        assert miss(plane.motion, true) < 0.4


def test_crop_leaves_what_every_plane_shows(jittered):
    whole = align_focal_stack(jittered)
    cropped = align_focal_stack(jittered, crop=True)
    (top, bottom), (left, right) = whole.valid
    assert top > 0
    assert left > 0
    assert bottom < SHAPE[0]
    assert right < SHAPE[1]
    np.testing.assert_array_equal(cropped.images, whole.images[:, top:bottom, left:right])


def test_progress_rises_to_one_and_can_stop(jittered):
    seen = []
    align_focal_stack(jittered, progress=lambda share, message: seen.append((share, message)))
    shares = [share for share, _ in seen]
    assert shares == sorted(shares)
    assert shares[-1] == 1

    def stop(share, message):
        raise CancelledError

    with pytest.raises(CancelledError):
        align_focal_stack(jittered, progress=stop)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"motion": "affine"}, "motion must be one of"),
        ({"reference": 5}, "from 0 to 4"),
        ({"reference": -1}, "from 0 to 4"),
    ],
)
def test_bad_arguments(jittered, arguments, said):
    with pytest.raises(InputError, match=said):
        align_focal_stack(jittered, **arguments)


def test_bad_stacks(jittered):
    with pytest.raises(InputError, match="only one plane"):
        align_focal_stack(jittered[:1])
    broken = jittered.copy()
    broken[3, 5, 5] = np.nan
    with pytest.raises(InputError, match="Plane 3"):
        align_focal_stack(broken)


def test_two_small_planes():
    result = align_focal_stack(moved_stack([Motion(), Motion(shift_x=1.0)], shape=(24, 24)), reference=0)
    assert len(result.planes) == 2


def test_the_report_tells_each_plane(jittered):
    result = align_focal_stack(jittered)
    lines = result.report().splitlines()
    assert lines[0].split()[0] == "plane"
    assert len(lines) == 1 + 5 + 1
    assert "reference" in lines[3]
    assert "4 of 5 planes moved" in lines[-1]
    plain = result.to_dict()
    assert plain["planes"][0]["motion"]["scale"] == result.planes[0].motion.scale
