"""The table of scenes and the cache of their stacks."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.accuracy import rendering
from benchmarks.accuracy.cells import nearest_cells
from benchmarks.accuracy.measures import measure
from benchmarks.accuracy.rendering import load_case
from benchmarks.accuracy.rows import Outcome
from benchmarks.accuracy.scenes import SCENES, AccuracyScene
from napari_defocus import DefocusResult
from napari_defocus.optics import Microscope, ThinLens
from napari_defocus.simulation import Rectangle, Scene, Texture, true_depth
from napari_defocus.simulation.setup import Setup
from napari_defocus.simulation.textures import checkerboard


def build(shape, planes):
    lens = ThinLens(
        focal_length=0.05,
        aperture_diameter=0.03,
        pixel_pitch=2e-4,
        focus_distances=np.linspace(0.9, 2.1, planes),
        blur_scale=0.5,
    )
    board = Texture(checkerboard(8), 0.2, "repeat")
    near = Rectangle((0, 0, 1.0), board, width=0.05)
    return Setup(Scene([near, Rectangle((0, 0, 2.0), board)]), lens, shape)


SMALL = AccuracyScene(
    name="small",
    subset="tuning",
    shows="a board before a board",
    build=build,
    planes=3,
    shape=(16, 24),
    rays=32,
    noise=2.0,
    blur_error=0.8,
    seed=1,
)


def test_the_sets_are_alike_and_apart():
    halves = [[s for s in SCENES.values() if s.subset == subset] for subset in ("tuning", "final")]
    assert len(halves[0]) >= 22
    assert len(halves[1]) >= 18
    for half in halves:
        kinds = {type(scene.setup().optics) for scene in half}
        assert kinds == {ThinLens, Microscope}
        assert {scene.bits for scene in half} == {8, 16}
        assert 0.003 < max(scene.breathing for scene in half) <= 0.01
        assert min(scene.blur_error for scene in half) == 0.8
        assert max(scene.blur_error for scene in half) == 1.2
        assert (min(scene.noise for scene in half), max(scene.noise for scene in half)) == (0, 5)
        assert min(scene.planes for scene in half) == 5
    assert max(scene.planes for scene in halves[1]) == 40
    assert len({scene.build for scene in halves[1]}) == len(halves[1])
    assert not {s.build for s in halves[0]} & {s.build for s in halves[1]}
    assert not {s.seed for s in halves[0]} & {s.seed for s in halves[1]}


CLOSE = ["ore", "bouquet", "twigs", "seeds"]


@pytest.mark.parametrize("name", [*CLOSE, *(name for name, s in SCENES.items() if s.subset == "final")])
def test_a_scene_lies_where_its_planes_focus(name):
    scene, optics, (rows, columns) = SCENES[name].setup()
    size = "pixel_pitch" if isinstance(optics, ThinLens) else "pixel_size"
    coarse = optics.replace(**{size: 8 * getattr(optics, size)})
    depth = optics.to_blur_coordinate(true_depth(scene, coarse, (rows // 8, columns // 8)))
    focus = optics.to_blur_coordinate(optics.focus_positions_array)
    # The highest wire of `circuit` rises a little above the last plane.
    margin = 0.05 * np.ptp(focus)
    assert focus.min() - margin < depth.min() < depth.max() < focus.max() + margin
    assert np.ptp(depth) > 0.3 * np.ptp(focus)


def test_distance_from_the_wall_of_a_cell():
    index, wall = nearest_cells(np.array([[0.0, 0], [1, 0], [2, 0], [3, 0]]), np.array([[0.0, 0], [4, 0]]))
    np.testing.assert_array_equal(index[[0, 1, 3]], [0, 0, 1])
    np.testing.assert_array_equal(wall, [2, 1, 0, 1])


def test_noise_in_mid_grey_is_as_told():
    grey = SMALL.sensor.expose(np.full((200, 200), 0.5, np.float32))
    assert grey.std() == pytest.approx(np.hypot(2, np.sqrt(1 / 12)), rel=0.02)


def test_a_stack_is_rendered_once(tmp_path, monkeypatch):
    first = load_case(SMALL, tmp_path, threads=1)
    assert first.images.shape == (3, 16, 24)
    assert first.told.blur_scale == pytest.approx(0.4)
    assert first.optics.blur_scale == 0.5
    assert 0 < first.render_noise < 20
    monkeypatch.setattr(rendering, "render_focal_stack", None)
    np.testing.assert_array_equal(load_case(SMALL, tmp_path).images, first.images)
    # Noise, bits and what the solver is told do not change what is rendered; the rest does.
    load_case(replace(SMALL, noise=0.0, bits=16, blur_error=1.0), tmp_path)
    for change in ({"rays": 64}, {"seed": 2}, {"breathing": 0.01}, {"planes": 4}, {"shape": (16, 25)}):
        with pytest.raises(TypeError):
            load_case(replace(SMALL, **change), tmp_path)
    assert [path.suffix for path in tmp_path.iterdir()] == [".npz"]


def test_the_truth_itself_has_no_error(tmp_path):
    case = load_case(SMALL, tmp_path, threads=1)
    nothing = np.zeros_like(case.edges)
    result = DefocusResult(
        case.depth, case.all_in_focus, nothing, np.ones_like(case.depth), (), "m", "defocus"
    )
    measures = measure(case, Outcome(case.all_in_focus, 1.0, result=result))
    for name in (
        "rmse",
        "rmse_edge",
        "rmse_inner",
        "abs_rel",
        "abs_rel_unflagged",
        "flagged",
        "rmse_dropped",
    ):
        assert measures[name] == 0
    assert measures["delta_1.05"] == 1
    assert measures["psnr_edge"] == np.inf
    assert measures["ssim"] == 1


def test_parts_add_up(tmp_path):
    case = load_case(SMALL, tmp_path, threads=1)
    depth = case.depth + np.where(case.edges, 0.3, 0.1).astype(np.float32)
    confidence = (~case.edges).astype(np.float32)
    result = DefocusResult(depth, case.all_in_focus, case.edges, confidence, (), "m", "defocus")
    measures = measure(case, Outcome(case.all_in_focus * 0.5, 1.0, result=result))
    assert measures["rmse_edge"] == pytest.approx(0.3, rel=1e-5)
    assert measures["rmse_inner"] == pytest.approx(0.1, rel=1e-5)
    assert measures["flagged"] == case.edges.mean()
    assert measures["abs_rel_unflagged"] == measures["abs_rel_inner"]
    assert measures["sparsification"] == pytest.approx(measures["sparsification_best"])
    assert measures["sparsification"][-1] == pytest.approx(0.1, rel=1e-5)
