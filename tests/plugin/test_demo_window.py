"""What ``napari-defocus demo`` opens where there is a display."""

import pytest

from napari_defocus.plugin import demo
from napari_defocus.plugin.defocus_widget import DefocusWidget


@pytest.mark.window
def test_the_demo_shows_sample_and_widget(make_napari_viewer, monkeypatch):
    monkeypatch.setattr("napari.Viewer", make_napari_viewer)
    viewer = demo.open_demo()
    assert any(layer.ndim == 3 for layer in viewer.layers)
    assert any(isinstance(widget, DefocusWidget) for widget in viewer.window.dock_widgets.values())
