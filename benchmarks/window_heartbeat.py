"""How long the window's event loop is blocked during a run.

    python -m benchmarks.window_heartbeat

It needs a display with OpenGL, for instance Xvfb with ``+extension GLX``.

A timer beats every 5 ms in a real napari window while the widget runs on a stack of a megapixel. The distance
of two beats is how long the window could not answer. Where it is long, the step of the window that was under
way is named, with the CPU time of the window's thread and, on Linux, how long it waited for a processor on a
busy machine. The rest it waited for Python's lock or for the drawing, which threads of the processor do where
there is no graphics card. A full collection of garbage, which stops all threads, is named too. What napari
itself takes for the same things without plugin and solver is measured afterwards, in a new window.
"""

import argparse
import gc
import json
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import napari
import numpy as np
import psutil
from napari.layers import Layer
from qtpy.QtCore import QEventLoop, Qt, QTimer
from scipy.ndimage import gaussian_filter

from napari_defocus import UncalibratedFocus
from napari_defocus.plugin.stack_source import METADATA_KEY
from napari_defocus.plugin.turns import Turns

BEAT = 5
"""Milliseconds between two beats."""

WAITED = Path("/proc/thread-self/schedstat")
"""Where Linux tells of a thread how long it ran and how long it waited for a processor, ns."""

LIMIT = 50
"""Milliseconds for which a user does not notice that nothing answers."""


class Heartbeat:
    """Beats, and what took the window's thread meanwhile."""

    def __init__(self) -> None:
        self.gaps: list[tuple[float, float, float, str]] = []
        self._spent: Counter[str] = Counter()
        self._last = self._busy = self._waited = 0.0
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._collecting = 0.0

    def start(self) -> None:
        self._spent.clear()
        self._last, self._busy, self._waited = time.perf_counter(), time.thread_time(), waited()
        self._timer.start(BEAT)
        gc.callbacks.append(self._on_collection)

    def stop(self) -> None:
        self._timer.stop()
        gc.callbacks.remove(self._on_collection)

    def time(self, owner: Any, name: str, label: Any) -> None:
        """Take the time of a method from now on, under ``label(*arguments)``."""
        method = getattr(owner, name)

        def timed(*arguments: Any, **options: Any) -> Any:
            begin = time.perf_counter()
            title = label(*arguments)
            try:
                return method(*arguments, **options)
            finally:
                self._spent[title] += 1000 * (time.perf_counter() - begin)

        setattr(owner, name, timed)

    def _on_collection(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._collecting = time.perf_counter()
        else:
            self._spent["collecting garbage"] += 1000 * (time.perf_counter() - self._collecting)

    def _beat(self) -> None:
        now, busy, late = time.perf_counter(), time.thread_time(), waited()
        blamed = ", ".join(f"{name} {spent:.0f}" for name, spent in self._spent.most_common(3) if spent > 5)
        gap = 1000 * (now - self._last), 1000 * (busy - self._busy), 1000 * (late - self._waited)
        self.gaps.append((*gap, blamed or "other"))
        self._spent.clear()
        self._last, self._busy, self._waited = now, busy, late

    def summary(self) -> dict[str, Any]:
        lengths, busy, late = np.array([gap[:3] for gap in self.gaps]).T
        return {
            "beats": len(lengths),
            "longest_ms": round(float(lengths.max()), 1),
            "p99_ms": round(float(np.percentile(lengths, 99)), 1),
            f"over_{LIMIT}_ms": int((lengths > LIMIT).sum()),
            "blocked_over_limit_s": round(float(lengths[lengths > LIMIT].sum() / 1000), 2),
            f"over_{LIMIT}_ms_but_for_busy_processors": int((lengths - late > LIMIT).sum()),
            f"of_these_busy_over_{LIMIT}_ms": int((busy > LIMIT).sum()),
            "worst": [f"{in_words(*gap)}: {name}" for *gap, name in sorted(self.gaps, reverse=True)[:12]],
        }


def in_words(gap: float, busy: float, late: float) -> str:
    return f"{gap:.0f} ms, {busy:.0f} of them CPU, {late:.0f} waiting for a processor"


def waited() -> float:
    """Seconds that this thread has waited for a processor so far, 0 where the system does not tell."""
    return int(WAITED.read_text().split()[1]) / 1e9 if WAITED.exists() else 0.0


def spent_by_others() -> float:
    """CPU seconds that the display and all other programs have taken so far."""
    times, own = psutil.cpu_times(), psutil.Process().cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    return float(sum(times) - getattr(times, "guest", 0.0) - idle - own.user - own.system)


def make_stack(side: int, planes: int, colour: bool) -> np.ndarray:
    """A textured stack that gets sharp from left to right, plane by plane."""
    texture = np.random.default_rng(0).random((side, side)).astype(np.float32)
    levels = [gaussian_filter(texture, sigma) for sigma in (0.5, 1.5, 2.5)]
    near = np.linspace(0, planes - 1, side)
    stack = np.empty((planes, side, side, *([3] * colour)), np.uint8)
    for plane in range(planes):
        away = np.clip(np.abs(near - plane), 0, 2)
        image = np.where(
            away < 1,
            (1 - away) * levels[0] + away * levels[1],
            (2 - away) * levels[1] + (away - 1) * levels[2],
        )
        image = (255 * (image - 0.2) / 0.6).clip(0, 255).astype(np.uint8)
        stack[plane] = image[..., None] if colour else image
    return stack


def wait(until: Any) -> None:
    """Run the event loop until a condition holds."""
    loop, timer = QEventLoop(), QTimer()
    timer.timeout.connect(lambda: loop.quit() if until() else None)
    timer.start(20)
    loop.exec()


def measure(side: int, planes: int, colour: bool, *, preview: bool) -> dict[str, Any]:
    heart = Heartbeat()
    heart.time(Turns, "_do", lambda _, step: name_of(step))
    viewer, canvas = opened(heart)
    optics = UncalibratedFocus(planes=planes, blur_per_plane=1.0)
    viewer.add_image(
        make_stack(side, planes, colour),
        name="stack",
        rgb=colour,
        contrast_limits=(0, 255),
        metadata={METADATA_KEY: {"optics": optics.to_dict()}},
    )
    _, widget = viewer.window.add_plugin_dock_widget("napari-defocus", "Depth from defocus")
    settle()
    heart.start()
    started, others = time.perf_counter(), spent_by_others()
    (widget.preview_button if preview else widget.panel.run_button).click()
    wait(lambda: not widget.panel.running)
    seconds = time.perf_counter() - started
    others = spent_by_others() - others
    heart.stop()
    found = heart.summary() | {
        "run_s": round(seconds, 1),
        "processors_taken_by_other_programs": round(others / seconds, 2),
        "side": side,
        "planes": planes,
        "colour": colour,
        "preview": preview,
        "graphics": canvas.context.config.get("renderer", "") or graphics(canvas),
        "status": widget.panel.status.text(),
    }
    viewer.close()
    return found


def measure_floor(side: int, planes: int, colour: bool) -> dict[str, str]:
    """Longest time without an answer for each thing that a run lets napari do, without plugin and solver."""
    heart = Heartbeat()
    viewer, _ = opened(heart)
    image = np.random.default_rng(0).random((side, side), np.float32)
    viewer.add_image(make_stack(side, planes, colour), rgb=colour, contrast_limits=(0, 255))
    settle()
    done: dict[str, Layer] = {}

    def add_image() -> None:
        done["image"] = viewer.add_image(image, contrast_limits=(0, 1), colormap="viridis", visible=False)

    def add_labels() -> None:
        viewer.add_labels((image > 0.99).view(np.uint8), visible=False)

    def replace() -> None:
        done["image"].data = image[::-1].copy()

    def show(part: Any) -> None:
        part(done["image"]).visible = True

    steps: dict[str, Callable[[], None]] = {
        "new image layer": add_image,
        "image seen for the first time": partial(show, lambda layer: layer),
        "new labels layer": add_labels,
        "first colour bar": partial(show, lambda layer: layer.colorbar),
        "first name in the canvas": partial(show, lambda layer: layer.name_overlay),
        "data of an image replaced": replace,
        "again": replace,
    }
    found = {}
    for name, step in steps.items():
        heart.gaps.clear()
        heart.start()
        QTimer.singleShot(0, step)
        settle(0.7)
        heart.stop()
        found[name] = in_words(*max(heart.gaps)[:3])
    viewer.close()
    return found


def opened(heart: Heartbeat) -> tuple[napari.Viewer, Any]:
    """Return a viewer that is seen with its welcome screen, and its canvas."""
    viewer = napari.Viewer(show=True)
    viewer.window.resize(1400, 900)
    canvas = viewer.window._qt_viewer.canvas._scene_canvas
    heart.time(canvas, "_draw_scene", lambda *_: "drawing")
    settle()
    return viewer, canvas


def settle(seconds: float = 2.0) -> None:
    """Let the window draw."""
    started = time.perf_counter()
    wait(lambda: time.perf_counter() - started > seconds)


def graphics(canvas: Any) -> str:
    from vispy.gloo import gl

    canvas.set_current()
    return str(gl.glGetParameter(gl.GL_RENDERER))


def name_of(step: Any) -> str:
    """Name of a step of the window: the innermost function of its partials and their first arguments."""
    words = []
    while hasattr(step, "func"):
        words += [str(argument) for argument in step.args if isinstance(argument, str)]
        inner = next((argument for argument in step.args if callable(argument)), None)
        step = step.func if inner is None else inner
    return " ".join([getattr(step, "__name__", str(step)), *words])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=1000, help="rows and columns, px")
    parser.add_argument("--planes", type=int, default=8)
    parser.add_argument("--grey", action="store_true")
    parser.add_argument("--preview", action="store_true")
    arguments = parser.parse_args()
    kind = arguments.side, arguments.planes, not arguments.grey
    found = measure(*kind, preview=arguments.preview)
    found["napari_alone"] = measure_floor(*kind)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
