from dataclasses import replace
from itertools import chain

import numpy as np
import pytest
from napari.layers import Image, Labels
from tiny_stacks import LENS, add_stack

from napari_defocus.plugin.depth_layers import derived_depth_layer, newest_depth_layer, sibling
from napari_defocus.plugin.gradual import GradualColorbar
from napari_defocus.plugin.legend import name_text, show_in_place
from napari_defocus.plugin.painting_tools import TOOLS
from napari_defocus.plugin.result_layers import ResultLayers, next_run
from napari_defocus.plugin.stack_source import stack_from_layer
from napari_defocus.solver.result import DefocusResult

DEPTH = np.linspace(1, 3, 24 * 24, dtype=np.float32).reshape(24, 24)
MADE = ["stone all-in-focus [1]", "stone confidence [1]", "stone outliers [1]", "stone depth (m) [1]"]
NAMES = ["stone", *MADE]


def result(depth=DEPTH):
    return DefocusResult(
        depth=depth,
        all_in_focus=np.full((24, 24), 0.5, np.float32),
        outliers=depth > 2.5,
        confidence=np.ones((24, 24), np.float32),
        losses=(0.2, 0.1),
        unit="m",
        method="defocus",
        parameters={"optics": LENS.to_dict()},
        notes=("a fallback was taken",),
    )


def do(steps):
    for step in steps:
        step()


def name_in_canvas(viewer):
    text = name_text(viewer)
    return text.text if text.visible and text.opacity else None


def names(viewer):
    return [layer.name for layer in viewer.layers]


@pytest.fixture
def layers(viewer):
    return ResultLayers(viewer, stack_from_layer(add_stack(viewer)), (1.0, 4.0), "m")


@pytest.mark.parametrize(
    ("names", "number"),
    [([], 1), (["stone depth (m) [1]", "other"], 2), (["a [3]", "b [7]"], 8), (["[2] a"], 1)],
)
def test_run_number(names, number):
    assert next_run(names) == number


def test_live_layers_are_updated_in_place(viewer, layers):
    do(layers.steps(result()))
    live = viewer.layers["stone depth (m) [1]"]
    limits = tuple(live.contrast_limits)
    assert limits == pytest.approx((1.01, 2.99), abs=0.01)  # of the first result, without wild values
    assert names(viewer) == NAMES
    assert [layer.visible for layer in viewer.layers] == [True, True, False, False, True]
    do(layers.steps(result(DEPTH + 1)))
    assert names(viewer) == NAMES
    np.testing.assert_array_equal(live.data, DEPTH + 1)
    assert tuple(live.contrast_limits) == limits


@pytest.mark.parametrize(
    ("last", "kept"),
    [
        (DEPTH * 1.01, True),
        (DEPTH + 1, False),
        (2 + 0.3 * (DEPTH - 2), False),
        (np.full_like(DEPTH, np.nan), True),
    ],
    ids=["alike", "much clipped", "narrow", "no depth"],
)
def test_contrast_limits_stay_unless_they_do_not_suit_at_all(viewer, layers, last, kept):
    do(layers.steps(result()))
    live = viewer.layers["stone depth (m) [1]"]
    limits = tuple(live.contrast_limits)
    do(layers.last_steps(result(last)))
    assert (tuple(live.contrast_limits) == limits) is kept
    if not kept:
        assert tuple(live.contrast_limits) == pytest.approx(np.percentile(last, (0.5, 99.5)), rel=1e-3)


def test_contrast_limits_of_the_user_stay(viewer, layers):
    do(layers.steps(result()))
    live = viewer.layers["stone depth (m) [1]"]
    live.contrast_limits = (0, 9)
    do(layers.last_steps(result(DEPTH + 1)))
    assert live.contrast_limits == [0, 9]


def test_result_has_all_layers_and_its_parameters(viewer, layers):
    do(layers.steps(result(DEPTH + 1)))
    do(layers.last_steps(result()))
    do(layers.legend_steps())
    assert names(viewer) == NAMES
    depth = viewer.layers["stone depth (m) [1]"]
    assert viewer.layers.selection.active is depth
    assert depth.colorbar.visible
    assert depth.colorbar.box
    assert name_in_canvas(viewer) == depth.name
    np.testing.assert_array_equal(viewer.layers["stone outliers [1]"].data, DEPTH > 2.5)
    confidence = viewer.layers["stone confidence [1]"]
    assert tuple(confidence.contrast_limits) == (0, 1)
    assert "half a pixel of blur" in confidence.metadata["napari_defocus"]["meaning"]


def test_a_result_on_the_way_has_its_parameters_too(viewer, layers):
    do(layers.steps(result()))
    entry = viewer.layers["stone depth (m) [1]"].metadata["napari_defocus"]
    assert entry["unit"] == "m"
    assert entry["source"] == "stone"
    assert entry["losses"] == [0.2, 0.1]
    assert entry["notes"] == ["a fallback was taken"]
    assert entry["parameters"] == {"optics": LENS.to_dict()}


def test_confidence_and_outliers_come_when_they_are_known(viewer, layers):
    unknown = replace(result(), confidence=np.zeros_like(DEPTH), outliers=np.zeros(DEPTH.shape, bool))
    do(layers.steps(unknown))
    assert names(viewer) == ["stone", "stone all-in-focus [1]", "stone depth (m) [1]"]
    do(layers.last_steps(unknown))  # an image without texture: none is right
    assert names(viewer) == NAMES


def test_what_is_drawn_on_a_stack_stays_above_its_results(viewer, layers):
    ours = {"metadata": {"napari_defocus": {"kind": "region"}}}
    viewer.add_shapes([[[2, 2], [9, 9]]], name="filled")
    viewer.add_shapes([[[2, 2], [9, 9]]], name="region", **ours)
    viewer.add_shapes([[[2, 2], [9, 9]]], name="lines", **ours)
    do(layers.last_steps(result()))
    assert names(viewer) == ["stone", "filled", *MADE, "region", "lines"]


def keep_log(viewer):
    """Note what takes napari long: new layers, data, visibility, overlays."""
    log = []

    def watch(layer):
        layer.events.data.connect(lambda: log.append("data"))
        layer.events.visible.connect(lambda: log.append("visible"))
        if hasattr(layer, "colorbar"):
            layer.colorbar.events.visible.connect(lambda: log.append("colour bar"))

    def on_inserted(event):
        log.append("new")
        watch(event.value)

    name_text(viewer).events.visible.connect(lambda: log.append("name"))
    viewer.layers.events.inserted.connect(on_inserted)
    return log


def test_a_step_does_one_thing(viewer, layers):
    log = keep_log(viewer)
    for shown, count in ((result(), 9), (result(DEPTH + 1), 4)):
        things = []
        for step in chain(layers.steps(shown), layers.legend_steps()):
            log.clear()
            step()
            assert len(set(log)) <= 1
            things += set(log)
        assert len(things) == count


def test_the_legend_is_made_while_its_layer_is_hidden_and_shown_with_it(viewer, layers):
    log = keep_log(viewer)
    do(layers.steps(result()))
    depth = viewer.layers["stone depth (m) [1]"]
    assert log[:4] == ["new", "colour bar", "colour bar", "visible"]
    assert not depth.colorbar.visible
    assert name_in_canvas(viewer) is None
    GradualColorbar(viewer, depth).prepare()  # it would be seen to come and go
    assert log.count("colour bar") == 2


def test_outliers_can_be_painted_on_as_any_labels_layer(viewer, layers):
    do(layers.steps(result()))
    ours, ordinary = viewer.layers["stone outliers [1]"], Labels(DEPTH.astype(int))
    assert tools_of(ours) == tools_of(ordinary)
    assert len(tools_of(ours)) == TOOLS


def tools_of(layer):
    return [name for name, overlay in layer._overlays.items() if overlay.visible]


def test_what_is_shown_already_is_not_shown_again(viewer, layers):
    log = keep_log(viewer)
    last = result()
    do(layers.steps(last))
    do(layers.legend_steps())
    log.clear()
    do(layers.last_steps(last))
    do(layers.legend_steps())
    assert log == []


def test_hidden_layers_have_thumbnails_of_the_last_result(viewer, layers):
    do(layers.steps(result(np.full_like(DEPTH, 2))))
    outliers = viewer.layers["stone outliers [1]"]
    assert viewer.layers["stone confidence [1]"].thumbnail[..., :3].any()
    assert not outliers.thumbnail[..., :3].any()  # there are none yet
    do(layers.last_steps(result()))
    hidden = outliers.thumbnail[..., :3]
    assert hidden.any()
    outliers.visible = True
    np.testing.assert_array_equal(outliers.thumbnail[..., :3], hidden)


def test_status_tells_the_depth_before_the_mouse_is_moved(viewer, layers):
    viewer.mouse_over_canvas = True
    viewer.cursor.position = (0, 0, 0)
    do(layers.last_steps(result()))
    assert "depth 1 m" in viewer.status["value"]


def test_arrays_are_handed_on_as_they_are(viewer, layers):
    shown = result()
    do(layers.steps(shown))
    assert viewer.layers["stone depth (m) [1]"].data is shown.depth
    assert viewer.layers["stone all-in-focus [1]"].data is shown.all_in_focus
    assert viewer.layers["stone confidence [1]"].data is shown.confidence
    assert np.shares_memory(viewer.layers["stone outliers [1]"].data, shown.outliers)


def test_contrast_limits_look_at_a_sample(viewer, layers, monkeypatch):
    sizes = []
    percentile = np.percentile

    def spy(values, *arguments):
        sizes.append(values.size)
        return percentile(values, *arguments)

    monkeypatch.setattr(np, "percentile", spy)
    large = np.linspace(1, 3, 1500 * 1100, dtype=np.float32).reshape(1500, 1100)
    do(layers.last_steps(result(large)))
    assert sizes
    assert max(sizes) <= 512**2
    np.testing.assert_allclose(viewer.layers["stone depth (m) [1]"].contrast_limits, (1.01, 2.99), atol=0.01)


def test_what_the_user_has_chosen_stays_chosen_until_the_result(viewer, layers):
    steps = layers.steps(result())
    for _ in ("made", "its visual", "its controls", "its program", "added", "chosen"):
        next(steps)()
    depth = viewer.layers["stone depth (m) [1]"]
    assert viewer.layers.selection.active is depth
    viewer.layers.selection.active = viewer.layers["stone"]
    do(steps)
    assert viewer.layers.selection.active is viewer.layers["stone"]
    do(layers.last_steps(result()))
    assert viewer.layers.selection.active is depth


def test_a_run_takes_the_selection_from_no_later_run(viewer, layers):
    do(layers.steps(result()))
    later = ResultLayers(viewer, stack_from_layer(viewer.layers["stone"]), (1.0, 3.0), "m")
    do(later.steps(result()))
    newest = viewer.layers["stone depth (m) [2]"]
    assert viewer.layers.selection.active is newest
    do(later.last_steps(result()))
    do(layers.last_steps(result()))
    assert viewer.layers.selection.active is newest


def test_a_run_takes_the_selection_from_nothing_that_is_being_drawn(viewer, layers):
    do(layers.steps(result()))
    shapes = viewer.add_shapes(ndim=2)
    do(layers.last_steps(result()))
    assert viewer.layers.selection.active is shapes
    after = ResultLayers(viewer, stack_from_layer(viewer.layers["stone"]), (1.0, 3.0), "m")
    do(after.steps(result()))  # it was chosen when this run began: the region that was drawn for it
    assert viewer.layers.selection.active is viewer.layers["stone depth (m) [2]"]


def test_what_the_user_has_hidden_stays_hidden(viewer, layers):
    do(layers.steps(result()))
    do(layers.legend_steps())
    for name in NAMES:
        viewer.layers[name].visible = False
    viewer.layers["stone depth (m) [1]"].colorbar.visible = False
    do(layers.last_steps(result(DEPTH + 1)))
    do(layers.legend_steps())
    assert not any(layer.visible for layer in viewer.layers)
    assert not viewer.layers["stone depth (m) [1]"].colorbar.visible


@pytest.mark.parametrize("name", MADE)
def test_deleted_live_layer_stays_deleted_until_the_result(viewer, layers, name):
    do(layers.steps(result()))
    viewer.layers.remove(name)
    do(layers.steps(result(DEPTH + 1)))
    assert name not in viewer.layers
    do(layers.last_steps(result()))
    assert sorted(names(viewer)) == sorted(NAMES)


@pytest.mark.parametrize("taken", range(5, 28))
def test_layers_deleted_while_they_are_being_made(viewer, layers, taken):
    steps = chain(layers.steps(result()), layers.legend_steps())
    for _ in range(taken):
        next(steps)()
    viewer.layers.clear()
    do(steps)
    assert "stone depth (m) [1]" not in viewer.layers
    do(layers.last_steps(result()))
    assert sorted(names(viewer)) == sorted(MADE)


@pytest.mark.parametrize("taken", range(14))
def test_a_run_that_is_abandoned_leaves_no_layer_unseen(viewer, layers, taken):
    """Those that are to be judged at the end are not there yet."""
    steps = layers.steps(replace(result(), confidence=np.zeros((24, 24), np.float32)))
    for _ in range(taken):
        next(steps)()
    layers.abandon()
    assert all(layer.visible for layer in viewer.layers)
    viewer.layers[-1].visible = False
    layers.abandon()
    assert not viewer.layers[-1].visible


def test_contrast_ignores_a_few_wild_depths(viewer, layers):
    wild = DEPTH.copy()
    wild[0, 0] = 1e6
    do(layers.last_steps(result(wild)))
    assert viewer.layers["stone depth (m) [1]"].contrast_limits[1] < 4


def test_newest_or_active_depth_layer(viewer):
    assert newest_depth_layer(viewer) is None
    stack = stack_from_layer(add_stack(viewer))
    for _ in range(2):
        do(ResultLayers(viewer, stack, (1.0, 4.0), "m").last_steps(result()))
    first, second = viewer.layers["stone depth (m) [1]"], viewer.layers["stone depth (m) [2]"]
    viewer.layers.selection.active = viewer.layers["stone"]
    assert newest_depth_layer(viewer) is second
    viewer.layers.selection.active = first
    assert newest_depth_layer(viewer) is first
    assert sibling(viewer, first, "confidence") is viewer.layers["stone confidence [1]"]
    viewer.layers.remove("stone confidence [1]")
    assert sibling(viewer, first, "confidence") is None


def test_legend_of_the_newest_depth_only(viewer, layers):
    do(chain(layers.steps(result()), layers.legend_steps()))
    newer = ResultLayers(viewer, layers._stack, (1.0, 3.0), "m")
    do(chain(newer.steps(result()), newer.legend_steps()))
    first, second = viewer.layers["stone depth (m) [1]"], viewer.layers["stone depth (m) [2]"]
    assert not first.colorbar.visible
    assert second.colorbar.visible
    assert name_in_canvas(viewer) == second.name


def two_runs(viewer, layers):
    do(chain(layers.steps(result()), layers.legend_steps()))
    newer = ResultLayers(viewer, layers._stack, (1.0, 3.0), "m")
    do(chain(newer.steps(result()), newer.legend_steps()))
    return viewer.layers["stone depth (m) [1]"], viewer.layers["stone depth (m) [2]"]


def legends(viewer):
    """Names of the layers whose colour bar and name are seen."""
    shown = [layer for layer in viewer.layers if layer.visible and isinstance(layer, Image)]
    found = [layer.name for layer in shown if layer.colorbar.visible]
    assert [name_in_canvas(viewer)] == (found or [None])
    return found


def test_the_legend_goes_with_what_is_seen(viewer, layers):
    first, second = two_runs(viewer, layers)
    second.visible = False
    assert legends(viewer) == [first.name]
    second.visible = True
    assert legends(viewer) == [second.name]
    viewer.layers.remove(second)
    assert legends(viewer) == [first.name]
    viewer.layers.remove(first)
    assert legends(viewer) == []


def test_the_name_in_the_canvas_is_that_of_the_layer(viewer, layers):
    first, second = two_runs(viewer, layers)
    first.name = "hidden"
    second.name = "bricks"
    assert legends(viewer) == ["bricks"]


def test_a_legend_that_the_user_has_hidden_stays_hidden(viewer, layers):
    first, second = two_runs(viewer, layers)
    second.colorbar.visible = False
    assert legends(viewer) == []
    second.visible = False
    second.visible = True
    first.visible = False
    assert legends(viewer) == []


def test_the_legend_of_a_derived_map_goes_back_with_it(viewer, layers):
    _, depth = two_runs(viewer, layers)
    derived = derived_depth_layer(depth, DEPTH, "levelled")
    show_in_place(viewer, depth, derived)
    assert legends(viewer) == [derived.name]
    depth.visible = True
    viewer.layers.remove(derived)
    assert legends(viewer) == [depth.name]
