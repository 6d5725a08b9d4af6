"""What to do is told at the beginning of a message: napari shows one line of it until the user unfolds it."""

import re

import numpy as np
import pytest
from napari.layers import Shapes
from tiny_stacks import add_stack

from napari_defocus.errors import InputError
from napari_defocus.plugin import memory_offer
from napari_defocus.plugin.axes_form import AxesForm
from napari_defocus.plugin.memory_offer import MemoryOffer
from napari_defocus.plugin.run_panel import report
from napari_defocus.plugin.stack_part import rectangle_in
from napari_defocus.plugin.stack_source import stack_from_layer

VISIBLE = 44
"""Characters of napari's line, 300 px, at 7 px on average."""

LONG = "2026-05-17 embryo, second try, all planes"


def check(message):
    gist = re.split(r"[:;,.(]", message)[0]
    assert len(gist) <= VISIBLE, gist


def rectangles(*corners):
    data = [np.array([[0, 0], [0, side], [side, side], [side, 0]], float) for side in corners]
    return Shapes(data, shape_type="rectangle", name=LONG)


@pytest.mark.parametrize("shapes", [rectangles(), rectangles(2)], ids=["none", "small"])
def test_regions(viewer, shapes):
    with pytest.raises(InputError) as error:
        rectangle_in(shapes, stack_from_layer(add_stack(viewer)))
    check(str(error.value))


def test_axes(viewer, qtbot):
    form = AxesForm(viewer, many=True)
    qtbot.addWidget(form)
    layer = viewer.add_image(np.zeros((3, 4, 24, 24), np.uint8), name=LONG)
    form.show_layer(layer)
    with pytest.raises(InputError) as error:
        form.stack()
    check(str(error.value))
    with pytest.raises(InputError) as error:
        stack_from_layer(layer, 0)
    check(str(error.value))


def test_memory(viewer, qtbot, monkeypatch, notifications):
    monkeypatch.setattr(memory_offer, "free_memory", lambda: 2**10)
    offer = MemoryOffer()
    qtbot.addWidget(offer)
    with pytest.raises(InputError) as error:
        offer.check(stack_from_layer(add_stack(viewer)))
    check(str(error.value))
    report(MemoryError())
    check(notifications[-1])
