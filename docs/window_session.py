"""Go through one napari window as a user would, from the empty window to its close, and take pictures.

Mouse and keyboard act on the widgets themselves (by Qt's test tools); after each step it is checked that what
a user would expect has come, that nothing was written to the console, and that no thread and no layer is left
over. Run it under a display with OpenGL, for instance::

    xvfb-run -a -s "-screen 0 1600x1200x24 +extension GLX +render -noreset" python docs/window_session.py
"""

import argparse
import faulthandler
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import napari
import napari.settings
from make_screenshots import IMAGES, SIZE
from napari.utils.notifications import notification_manager
from session_steps import after, before_and_during, keeping, kinds, mishaps
from session_steps.user import User
from session_steps.watch import Watch


def go_through(user: User, place: Path) -> None:
    """All steps, in their order; `place` is for files."""
    widget = before_and_during.open_widget(user)
    before_and_during.open_sample(user, widget)
    before_and_during.warning(user, widget)
    before_and_during.preferences(user)
    before_and_during.preview(user, widget)
    before_and_during.region(user, widget)
    before_and_during.pause_and_cancel(user, widget)
    before_and_during.full_run(user, widget)
    before_and_during.cursor(user)
    measure = after.outliers(user)
    after.start_afresh(user, widget)
    depth = after.microscope(user, widget)
    after.profile(user, measure, depth, place)
    after.regions(user, measure, depth)
    after.tilt_and_surface(user, measure, depth)
    folders = [place / name for name in ("one", "meshes", "series", "bad")]
    for folder in folders:
        folder.mkdir()
    saved = keeping.save_all(user, widget, depth, folders[0])
    keeping.load_parameters(user, widget, saved, depth)
    keeping.export(user, widget, depth, folders[1])
    after.start_afresh(user, widget)
    kinds.series(user, widget)
    kinds.whole_series(user, widget)
    kinds.measure_series(user, measure)
    kinds.save_series(user, widget, folders[2])
    after.start_afresh(user, widget)
    mishaps.too_large(user, widget)
    mishaps.bad_stacks(user, widget, folders[3])
    mishaps.delete_in_mid_run(user, widget)
    mishaps.second_run(user, widget)
    mishaps.close_in_mid_run(user, widget)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=IMAGES)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    faulthandler.enable(sys.stdout)  # the standard error is kept
    watch = Watch()
    with TemporaryDirectory() as place, watch.console(), notification_manager:  # as napari.run does
        # neither the user's settings in the pictures, nor theirs changed
        napari.settings.get_settings(Path(place) / "settings.yaml")
        napari.settings.get_plugin_settings(path_dir=place)
        viewer = napari.Viewer(show=True)
        viewer.window.resize(*SIZE)
        user = User(viewer, watch, arguments.folder.absolute())
        user.settle()
        watch.forget()
        go_through(user, Path(place))


if __name__ == "__main__":
    main()
