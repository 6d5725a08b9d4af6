"""napari with the photographic sample and the widget: what ``napari-defocus demo`` opens."""

import napari

PLUGIN = "napari-defocus"
WIDGET = "Depth from defocus"


def open_demo() -> napari.Viewer:
    """Return a viewer with the photographic sample and the widget docked."""
    viewer = napari.Viewer()
    viewer.open_sample(PLUGIN, "photograph")
    viewer.window.add_plugin_dock_widget(PLUGIN, WIDGET)
    return viewer


if __name__ == "__main__":
    open_demo()
    napari.run()
