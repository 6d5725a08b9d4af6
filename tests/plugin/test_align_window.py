"""The alignment widget in the real window."""

import numpy as np
import pytest
from scipy.ndimage import shift
from tiny_stacks import add_stack, make_stack

pytestmark = pytest.mark.window


def test_the_whole_table_is_seen_in_the_usual_width(make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    images = make_stack(side=96)
    images[3] = shift(images[3].astype(float), (-13, 12), mode="reflect").clip(0, 255).astype(np.uint8)
    add_stack(viewer, images)
    _, widget = viewer.window.add_plugin_dock_widget("napari-defocus", "Align focal stack")
    widget.panel.run_button.click()
    qtbot.waitUntil(lambda: not widget.panel.running, timeout=120_000)
    table = widget.table
    assert table.rowCount() == 4
    qtbot.waitUntil(lambda: 0 < table.horizontalHeader().length() <= table.viewport().width(), timeout=10_000)
    assert table.horizontalScrollBar().maximum() == 0
