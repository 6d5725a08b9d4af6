import numpy as np
import pytest
from napari.layers import Layer

from napari_defocus.optics import Microscope, ThinLens
from napari_defocus.plugin import samples
from napari_defocus.plugin.defocus_widget import DefocusWidget


def open_sample(viewer, name):
    for data in getattr(samples, name)():
        viewer.add_layer(Layer.create(*data))
    stack, truth = viewer.layers
    return stack, truth


@pytest.mark.parametrize(("name", "kind"), [("photograph", ThinLens), ("microscope", Microscope)])
def test_sample_opens_ready_to_run(viewer, qtbot, name, kind):
    widget = DefocusWidget(viewer)
    qtbot.addWidget(widget)
    stack, truth = open_sample(viewer, name)
    assert widget.picker.layer.value is stack
    assert stack.name == name
    assert 0 < viewer.dims.current_step[0] < stack.data.shape[0] - 1  # the sharpest ones to look at
    optics = widget.optics_form.optics(stack.data.shape[0])
    assert isinstance(optics, kind)
    near, far = optics.default_depth_range()
    assert near < np.median(truth.data) < far
    assert truth.data.shape == stack.data.shape[1:3]
    assert tuple(truth.scale) == tuple(stack.scale[1:])
    assert not truth.visible
    qtbot.waitUntil(lambda: viewer.layers.selection.active is stack)  # not the hidden truth
    assert truth.name == f"{name} true depth ({optics.depth_unit})"
    assert stack.rgb == (name == "photograph")
