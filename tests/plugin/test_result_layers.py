import numpy as np
import pytest
from tiny_stacks import LENS, add_stack, make_state

from napari_defocus.plugin.result_layers import ResultLayers, newest_depth_layer, next_run, sibling
from napari_defocus.plugin.stack_source import stack_from_layer
from napari_defocus.solver.result import DefocusResult

DEPTH = np.linspace(1, 3, 24 * 24, dtype=np.float32).reshape(24, 24)


def state(epoch=0):
    return make_state(epoch=epoch, depth=DEPTH + epoch)


def result():
    return DefocusResult(
        depth=DEPTH,
        all_in_focus=np.full((24, 24), 0.5, np.float32),
        outliers=DEPTH > 2.5,
        confidence=np.ones((24, 24), np.float32),
        losses=(0.2, 0.1),
        unit="m",
        method="defocus",
        parameters={"optics": LENS.to_dict()},
        notes=("a fallback was taken",),
    )


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
    layers.show_state(state(0))
    live = viewer.layers["stone depth (m) [1]"]
    limits = live.contrast_limits
    assert [layer.name for layer in viewer.layers] == ["stone", "stone depth (m) [1]"]
    layers.show_state(state(1))
    assert [layer.name for layer in viewer.layers] == [
        "stone",
        "stone all-in-focus [1]",
        "stone depth (m) [1]",
    ]
    np.testing.assert_array_equal(live.data, DEPTH + 1)
    assert live.contrast_limits == limits == [1.0, 4.0]


def test_result_has_all_layers_and_its_parameters(viewer, layers):
    layers.show_state(state())
    layers.show_result(result())
    assert {layer.name for layer in viewer.layers} == {
        "stone",
        "stone confidence [1]",
        "stone outliers [1]",
        "stone all-in-focus [1]",
        "stone depth (m) [1]",
    }
    depth = viewer.layers["stone depth (m) [1]"]
    assert viewer.layers[-1] is depth
    assert viewer.layers.selection.active is depth
    assert depth.colorbar.visible
    entry = depth.metadata["napari_defocus"]
    assert entry["unit"] == "m"
    assert entry["source"] == "stone"
    assert entry["losses"] == [0.2, 0.1]
    assert entry["notes"] == ["a fallback was taken"]
    assert entry["parameters"] == {"optics": LENS.to_dict()}
    np.testing.assert_array_equal(viewer.layers["stone outliers [1]"].data, DEPTH > 2.5)


def test_deleted_live_layer_stays_deleted_until_the_result(viewer, layers):
    layers.show_state(state())
    viewer.layers.remove("stone depth (m) [1]")
    layers.show_state(state(1))
    assert "stone depth (m) [1]" not in viewer.layers
    layers.show_result(result())
    np.testing.assert_array_equal(viewer.layers["stone depth (m) [1]"].data, DEPTH)


def test_contrast_ignores_a_few_wild_depths(viewer, layers):
    wild = result()
    wild.depth[0, 0] = 1e6
    try:
        layers.show_result(wild)
    finally:
        wild.depth[0, 0] = 1
    assert viewer.layers["stone depth (m) [1]"].contrast_limits[1] < 4


def test_newest_or_active_depth_layer(viewer):
    assert newest_depth_layer(viewer) is None
    stack = stack_from_layer(add_stack(viewer))
    for _ in range(2):
        ResultLayers(viewer, stack, (1.0, 4.0), "m").show_result(result())
    first, second = viewer.layers["stone depth (m) [1]"], viewer.layers["stone depth (m) [2]"]
    viewer.layers.selection.active = viewer.layers["stone"]
    assert newest_depth_layer(viewer) is second
    viewer.layers.selection.active = first
    assert newest_depth_layer(viewer) is first
    assert sibling(viewer, first, "confidence") is viewer.layers["stone confidence [1]"]
    viewer.layers.remove("stone confidence [1]")
    assert sibling(viewer, first, "confidence") is None
