"""The first minute after an install: how long until the window shows a depth map, with nothing compiled.

    python -m benchmarks.first_minute [--reading 10] [--preview] [--not-ahead] [--cancel 8]

It needs a display with OpenGL, for instance Xvfb with ``+extension GLX``.

In a process of its own, with an empty cache of compiled kernels, a napari window is opened, the widget and
the photographic sample; somebody reads for so many seconds and then presses Run. Told are the seconds from
then on until the first depth layer is seen, with its colour bar, and until the result is there, the CPU
seconds of window and compiler, and how long the window did not answer. ``--not-ahead`` leaves the compiling
to the run. With ``--cancel`` the run is cancelled after so many seconds, and told is how long that took.
"""

import argparse
import json
import os
import time
from tempfile import TemporaryDirectory
from typing import Any

import napari

from benchmarks.harness import run_fresh
from benchmarks.window_heartbeat import Heartbeat, opened, settle, wait


def measure(reading: float, *, preview: bool, ahead: bool, cancel: float | None) -> dict[str, Any]:
    heart = Heartbeat()
    viewer, _ = opened(heart)
    _, widget = viewer.window.add_plugin_dock_widget("napari-defocus", "Depth from defocus")
    if hasattr(widget, "preparation"):  # for the comparison with what was before
        widget.preparation.ENABLED = ahead
    settle()
    viewer.open_sample("napari-defocus", "photograph")
    heart.start()
    settle(reading)
    found: dict[str, Any] = {"reading": summary_of(heart)}
    heart.gaps.clear()
    began = time.perf_counter()
    (widget.preview_button if preview else widget.panel.run_button).click()

    def note(name: str, holds: bool) -> bool:
        if holds:
            found.setdefault(name, round(time.perf_counter() - began, 1))
        return holds

    def done() -> bool:
        if cancel is not None and "cancelled_s" not in found and time.perf_counter() - began >= cancel:
            widget.panel.cancel_button.click()
            note("cancelled_s", True)
        depth = depth_of(viewer)
        note("first_depth_s", depth is not None and depth.visible)
        note("colour_bar_s", depth is not None and depth.colorbar.visible)
        return note("result_s", not widget.panel.running)

    wait(done)
    found["running"] = summary_of(heart)
    heart.stop()
    spent = os.times()
    found["cpu_s"] = round(spent.user + spent.system, 1)
    found["status"] = widget.panel.status.text()
    viewer.close()
    settle(0.5)
    spent = os.times()  # that of another process counts once it has ended
    found["cpu_ahead_s"] = round(spent.children_user + spent.children_system, 1)
    return found


def summary_of(heart: Heartbeat) -> dict[str, Any]:
    found = heart.summary()
    return found | {"worst": found["worst"][:4]}


def depth_of(viewer: napari.Viewer) -> Any:
    """The depth layer of the run; the truth of the sample has no number."""
    return next((layer for layer in viewer.layers if layer.name.endswith("depth (m) [1]")), None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reading", type=float, default=10.0, help="seconds between the sample and Run")
    parser.add_argument("--preview", action="store_true", help="press Preview instead")
    parser.add_argument("--not-ahead", action="store_true", help="let the run compile")
    parser.add_argument("--cancel", type=float, help="seconds from Run to Cancel")
    parser.add_argument("--here", action="store_true", help="in this process, with its cache")
    arguments = parser.parse_args()
    if arguments.here:
        found = measure(
            arguments.reading,
            preview=arguments.preview,
            ahead=not arguments.not_ahead,
            cancel=arguments.cancel,
        )
    else:
        options = [*(["--preview"] * arguments.preview), *(["--not-ahead"] * arguments.not_ahead)]
        options += [] if arguments.cancel is None else ["--cancel", str(arguments.cancel)]
        with TemporaryDirectory(prefix="napari-defocus-benchmark-") as folder:
            found = run_fresh(
                "benchmarks.first_minute",
                "--here",
                "--reading",
                arguments.reading,
                *options,
                environment={"NUMBA_CACHE_DIR": folder},
            )
    print(json.dumps(found, indent=None if arguments.here else 1))


if __name__ == "__main__":
    main()
