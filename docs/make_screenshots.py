"""Make the pictures in docs/images from the real window.

Run it under a display with OpenGL, for instance::

    xvfb-run -a -s "-screen 0 1600x1200x24 +extension GLX +render -noreset" python docs/make_screenshots.py
"""

import argparse
import shutil
from contextlib import chdir
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import napari
import napari.settings
import numpy as np
from napari._qt.dialogs.qt_notification import NapariQtNotification
from PIL import Image
from qtpy.QtCore import QEventLoop, QTimer
from qtpy.QtWidgets import QApplication

from napari_defocus.alignment import Motion
from napari_defocus.alignment.warping import move
from napari_defocus.io import read_focal_stack

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
    depth = viewer.layers["photograph focus depth (m) [1]"]
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


def write_stacks(folder: Path) -> None:
    """Write six small stacks; one of them is broken, one brings no optics."""
    samples = files("napari_defocus") / "sample_data"
    lefts = {"bricks_1": 0, "bricks_2": 60, "cut_off": 0, "no_optics": 60, "wall": 120}
    with as_file(samples / "photograph") as photograph, as_file(samples / "microscope") as microscope:
        for name, left in lefts.items():
            (folder / name).mkdir(parents=True)
            for path in sorted(photograph.glob("plane_*.png")):
                Image.open(path).crop((left, 0, left + 240, 270)).save(folder / name / path.name)
            if name != "no_optics":
                shutil.copy(photograph / "optics.toml", folder / name)
        shutil.copytree(microscope, folder / "etched", ignore=shutil.ignore_patterns("truth"))
    broken = folder / "cut_off" / "plane_05.png"
    broken.write_bytes(broken.read_bytes()[:20_000])


def batch(folder: Path) -> None:
    """Six stacks in a queue while the fourth of them runs, the result of the first opened."""
    with TemporaryDirectory() as place, chdir(place):  # so that no path of this machine is in the picture
        write_stacks(Path("stacks"))
        viewer, widget = open_window("Depth from defocus: batch")
        widget.add(["stacks"])
        while widget.panel.running:
            settle(100)
        widget.form.output.value = "stacks_depth"
        widget.panel.run_button.click()
        while not widget.items[0].done:
            settle(50)
        widget.table.selectRow(0)
        widget.open_button.click()
        while widget.items[3].fraction < 0.3:
            settle(50)
        save(viewer, "batch", folder)
        widget.panel.cancel_button.click()
        while widget.panel.running:
            settle(100)
        viewer.close()


def saving(folder: Path) -> None:
    """The buttons that save and load after a run, and the page in Preferences."""
    viewer, widget = open_window("Depth from defocus")
    viewer.open_sample("napari-defocus", "microscope")
    run(widget)
    with TemporaryDirectory() as place:
        widget.save_bar.save(place)
        while not widget.save_bar.save_button.isEnabled():
            settle(100)
        (result,) = Path(place).iterdir()
        widget.parameters_button.load(result)
    settle()
    area = widget.parameters_button.parentWidget().parentWidget().parentWidget()
    area.ensureWidgetVisible(widget.parameters_button)
    for notice in viewer.window._qt_window.findChildren(NapariQtNotification):
        notice.close()  # it names a folder of this machine
    save(viewer, "saving", folder)
    dialog = viewer.window._open_preferences_dialog()
    rows = [dialog._list.item(row).text() for row in range(dialog._list.count())]
    dialog._list.setCurrentRow(rows.index("napari-defocus"))
    settle()
    picture = dialog.grab().toImage()
    picture.save(str(folder / "preferences.png"))
    dialog.reject()
    viewer.close()


def first_minute(folder: Path) -> None:
    """From the sample to its depth, with a pause; optics that do not suit; a preview and a region."""
    viewer, widget = open_window("Depth from defocus")
    viewer.open_sample("napari-defocus", "photograph")
    save(viewer, "window_ready", folder)
    f_number = widget.optics_form.forms["thin_lens"].f_number
    f_number.value = "0.14"
    save(viewer, "window_warning", folder)
    f_number.value = "1.4"
    widget.panel.run_button.click()
    while not widget.loss_chart.series:
        settle(20)
    widget.panel.pause_button.click()
    save(viewer, "window_paused", folder)
    widget.panel.cancel_button.click()
    while widget.panel.running:
        settle(100)
    viewer.layers[-1].visible = False
    run_by(widget, widget.preview_button)
    save(viewer, "window_preview", folder)
    widget.region_form.draw_button.click()
    shapes = viewer.layers["photograph region"]
    shapes.add_rectangles(np.array([[110, 60], [250, 330]]))
    run_by(widget, widget.panel.run_button)
    save(viewer, "window_region", folder)
    viewer.close()


def run_by(widget: Any, button: Any) -> None:
    """Press a button that begins a run and wait for the end of that."""
    loop = QEventLoop()
    widget.panel.running_changed.connect(lambda running: running or loop.quit())
    button.click()
    loop.exec()


def fluorescence() -> np.ndarray:
    """Return two channels of the microscope sample at three times, (time, channel, plane, Y, X), 16 bits."""
    with as_file(files("napari_defocus") / "sample_data" / "microscope") as folder:
        stack = np.asarray(read_focal_stack(folder).images, np.float32)
    grey = stack if stack.ndim == 3 else stack[..., 1]
    grey = grey[:, :160] * (3000 / grey.max())
    times = [grey[..., 20 * time : 20 * time + 160] for time in range(3)]
    return np.stack([np.stack([stack, stack.max() - stack[:, ::-1]]) for stack in times]).astype(np.uint16)


def kinds(folder: Path) -> None:
    """A time series with two channels: before the run, in the middle of it, and after it."""
    viewer, widget = open_window("Depth from focus")
    labels, units = ("t", "c", "z", "y", "x"), ("s", "dimensionless", "um", "um", "um")
    viewer.add_image(
        fluorescence(), name="cells", axis_labels=labels, units=units, scale=(60, 1, 2, 0.5, 0.5), rgb=False
    )
    widget.window_side.value = 9
    widget.picker.axes.focus.value = 0
    save(viewer, "series", folder)
    run(widget)
    save(viewer, "series_done", folder)
    viewer.layers.clear()
    viewer.add_image(fluorescence()[0, 0, :, :70, :64].repeat(4, axis=0), name="unknown axes")
    save(viewer, "plane_axis", folder)
    viewer.close()


def measuring(folder: Path) -> None:
    """What can be measured on a depth map of the microscope sample, and the photographic one in 3-D."""
    viewer, widget = open_window("Depth from focus")
    viewer.open_sample("napari-defocus", "microscope")
    widget.window_side.value = 9
    run(widget)
    settle()
    viewer.window.remove_dock_widget("all")
    _, widget = viewer.window.add_plugin_dock_widget("napari-defocus", "Measure depths")
    widget.outliers.threshold.value = 0.8
    save(viewer, "measure_outliers", folder)
    widget.tabs.setCurrentWidget(widget.profile)
    widget.profile.draw_button.click()
    lines = viewer.layers["profile lines"]
    for line in ([[80, 30], [80, 250]], [[200, 12], [200, 240]]):
        lines.add(np.array(line), shape_type="line")
    save(viewer, "measure_profile", folder)
    lines.visible = False
    widget.tabs.setCurrentWidget(widget.regions)
    widget.regions.draw_button.click()
    for top, left in ((150, 22), (232, 150), (20, 20)):
        corners = [[top, left], [top, left + 30], [top + 18, left + 30], [top + 18, left]]
        viewer.layers["regions"].add(np.array(corners), shape_type="rectangle")
    settle()
    while widget.regions.busy:
        settle(50)
    save(viewer, "measure_regions", folder)
    viewer.layers["regions"].visible = False
    widget.tabs.setCurrentWidget(widget.tilt)
    widget.tilt.button.click()
    while not widget.tilt.button.isEnabled():
        settle(50)
    widget.tilt.surface_button.button.click()
    widget.tilt.surface_button.height_field.setValue(2)
    save(viewer, "measure_surface", folder)
    viewer.close()


SCENES = (photograph, microscope, focus, comparison, alignment, batch, saving, first_minute, kinds, measuring)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    scenes = {scene.__name__: scene for scene in SCENES}
    parser.add_argument("--folder", type=Path, default=IMAGES)
    parser.add_argument("--scenes", nargs="+", choices=scenes, default=list(scenes), metavar="NAME")
    arguments = parser.parse_args()
    napari.settings.get_settings(None)  # neither the user's settings in the pictures, nor theirs changed
    napari.settings.get_plugin_settings(path_dir=None)
    for name in arguments.scenes:
        scenes[name](arguments.folder.absolute())
        QApplication.processEvents()


if __name__ == "__main__":
    main()
