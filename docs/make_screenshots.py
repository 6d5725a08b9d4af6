"""Make the pictures in docs/images from the real window.

Run it under a display with OpenGL, for instance::

    xvfb-run -a -s "-screen 0 1600x1200x24 +extension GLX +render -noreset" python docs/make_screenshots.py
"""

import argparse
from pathlib import Path
from typing import Any

import napari
import numpy as np
from PIL import Image
from qtpy.QtCore import QEventLoop, QTimer
from qtpy.QtWidgets import QApplication

from napari_defocus.alignment import Motion
from napari_defocus.alignment.warping import move

IMAGES = Path(__file__).parent / "images"
SIZE = 1400, 900


def open_window(title: str) -> tuple[napari.Viewer, Any]:
    """Open napari with one of our widgets docked."""
    viewer = napari.Viewer(show=True)
    viewer.window.resize(*SIZE)
    _, widget = viewer.window.add_plugin_dock_widget("napari-defocus", title)
    settle()
    return viewer, widget


def run(widget: Any) -> None:
    """Press Run and wait for the end of the run."""
    loop = QEventLoop()
    widget.panel.running_changed.connect(lambda running: running or loop.quit())
    widget.panel.run_button.click()
    loop.exec()


def settle(milliseconds: int = 500) -> None:
    """Let the window draw itself."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def save(viewer: napari.Viewer, name: str, folder: Path) -> None:
    """Save the whole window as a PNG, with a palette to keep it small."""
    settle()
    pixels = np.asarray(viewer.window.screenshot(flash=False, canvas_only=False))[..., :3]
    picture = Image.fromarray(pixels).quantize(256, dither=Image.Dither.FLOYDSTEINBERG)
    folder.mkdir(parents=True, exist_ok=True)
    picture.save(folder / f"{name}.png", optimize=True)
    print(f"{folder / name}.png", (folder / f"{name}.png").stat().st_size // 1024, "kB", widget_state(viewer))


def widget_state(viewer: napari.Viewer) -> list[str]:
    """Return the layers, to see in the log what the picture shows."""
    return [f"{layer.name}{'' if layer.visible else ' (hidden)'}" for layer in viewer.layers]


def photograph(folder: Path) -> None:
    """The photographic sample: before the run, after it, and in 3-D."""
    viewer, widget = open_window("Depth from defocus")
    save(viewer, "start", folder)
    viewer.open_sample("napari-defocus", "photograph")
    save(viewer, "ready", folder)
    run(widget)
    save(viewer, "window", folder)
    widget.surface_button.toggle()
    save(viewer, "surface", folder)
    viewer.close()


def microscope(folder: Path) -> None:
    """The microscope sample, in 2-D and 3-D."""
    viewer, widget = open_window("Depth from defocus")
    viewer.open_sample("napari-defocus", "microscope")
    run(widget)
    save(viewer, "microscope", folder)
    widget.surface_button.toggle()
    save(viewer, "microscope_surface", folder)
    viewer.close()


def focus(folder: Path) -> None:
    """The classic method on the photographic sample: the focus curve of a pixel, the focus measure."""
    viewer, widget = open_window("Depth from focus")
    viewer.open_sample("napari-defocus", "photograph")
    widget.window_side.value = 9
    run(widget)
    depth = viewer.layers["photograph depth (m) [1]"]
    widget.curve.show_pixel(depth, 150, 120)
    save(viewer, "focus", folder)
    widget.measure_button.click()
    settle()
    viewer.dims.set_current_step(0, 3)
    save(viewer, "focus_measure", folder)
    viewer.close()


def comparison(folder: Path) -> None:
    """The classic method on the microscope sample against the truth."""
    viewer, widget = open_window("Depth from focus")
    viewer.open_sample("napari-defocus", "microscope")
    widget.window_side.value = 9
    run(widget)
    found = next(layer for layer in viewer.layers if layer.name.endswith("depth (um) [1]"))
    truth = next(layer for layer in viewer.layers if " true depth " in layer.name)
    settle()
    viewer.window.remove_dock_widget("all")
    _, widget = viewer.window.add_plugin_dock_widget("napari-defocus", "Compare depths")
    widget.first.value, widget.second.value = found, truth
    widget.button.click()
    while not widget.button.isEnabled():
        settle(100)
    save(viewer, "comparison", folder)
    viewer.close()


def alignment(folder: Path) -> None:
    """The photographic sample made to breathe and shift, and what is found of it."""
    viewer, widget = open_window("Align focal stack")
    viewer.open_sample("napari-defocus", "photograph")
    layer = viewer.layers["photograph"]
    planes = len(layer.data)
    motions = [
        Motion(scale=1 + 0.004 * (plane - planes // 2), shift_y=1.5 * np.sin(2 * plane), shift_x=0.8 * plane)
        for plane in range(planes)
    ]
    layer.data = np.stack([move(np.asarray(layer.data[k]), motions[k].inverse()) for k in range(planes)])
    run(widget)
    save(viewer, "alignment", folder)
    viewer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    scenes = {scene.__name__: scene for scene in (photograph, microscope, focus, comparison, alignment)}
    parser.add_argument("--folder", type=Path, default=IMAGES)
    parser.add_argument("--scenes", nargs="+", choices=scenes, default=list(scenes), metavar="NAME")
    arguments = parser.parse_args()
    for name in arguments.scenes:
        scenes[name](arguments.folder)
        QApplication.processEvents()


if __name__ == "__main__":
    main()
