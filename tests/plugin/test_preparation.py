"""Kernels compiled ahead, in a process of their own."""

import json
import sys
import threading

import psutil
import pytest
from numba.core.dispatcher import Dispatcher
from qtpy.QtCore import QObject
from tiny_stacks import LENS, SCOPE, add_stack, make_stack

from napari_defocus import SolverSettings, UncalibratedFocus, alternating_minimization, solver
from napari_defocus.errors import CancelledError
from napari_defocus.plugin import preparation
from napari_defocus.plugin.defocus_widget import DefocusWidget
from napari_defocus.plugin.depth_worker import UNFINISHED, DefocusWorker
from napari_defocus.plugin.preparation import FIRST_USE, Preparation
from napari_defocus.plugin.tiny_run import FINISH, kind_of_run, prepared, tiny_run, tiny_stack

SETTINGS = SolverSettings()
COMPILER = '''"""Stands for the process: tells a step at once, the last one when the file is there."""
import json, pathlib, sys, time
kind = json.loads(sys.stdin.readline())
if kind.get("fails"):
    raise SystemExit(1)
print("initialization", flush=True)
while not pathlib.Path(__file__).with_name("go").exists():
    time.sleep(0.01)
print("finish", flush=True)
pathlib.Path(__file__).with_name(kind["name"]).touch()
'''


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Folder of a stand-in for the process, and of what it leaves."""
    (tmp_path / "stand_in_compiler.py").write_text(COMPILER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(preparation, "MODULE", "stand_in_compiler")
    monkeypatch.setattr(preparation, "prepared", lambda kind: tmp_path / kind["name"])
    monkeypatch.setattr(Preparation, "ENABLED", True)
    return tmp_path


@pytest.fixture
def owner(qapp):
    owner = QObject()
    yield owner
    owner.deleteLater()


def children():
    return [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]


def kind(**changes):
    optics = changes.pop("optics", LENS)
    return kind_of_run(changes.pop("dtype", "uint8"), changes.pop("colour", True), optics, SETTINGS)


def test_figures_make_no_difference_to_what_is_compiled_but_kinds_do():
    same = [kind(), kind(optics=LENS.replace(blur_scale=0.7))]
    others = [kind(dtype="uint16"), kind(colour=False), kind(optics=SCOPE)]
    others += [kind(optics=UncalibratedFocus(planes=4, blur_per_plane=value)) for value in (None, 1.0)]
    assert len({prepared(one) for one in same}) == 1
    assert len({prepared(one) for one in same + others}) == 1 + len(others)
    assert prepared(kind(dtype="float64")) == prepared(kind(dtype="float32"))  # held as such


@pytest.mark.parametrize(("dtype", "colour"), [("uint8", True), ("uint16", False), ("float32", False)])
def test_tiny_stack_is_of_the_kind(dtype, colour):
    stack = tiny_stack(kind(dtype=dtype, colour=colour), LENS)
    assert stack.dtype == dtype
    assert stack.shape[0] == LENS.planes
    assert stack.shape[3:] == ((3,) if colour else ())


def kernels():
    """All compiled functions that are imported."""
    modules = [module for name, module in sys.modules.items() if name.startswith("napari_defocus.")]
    return {value for module in modules for value in vars(module).values() if isinstance(value, Dispatcher)}


def versions():
    """How many versions of them are compiled, or loaded from the cache."""
    return sum(len(kernel.signatures) for kernel in kernels())


@pytest.mark.parametrize("optics", [LENS, SCOPE], ids=["thin lens", "microscope"])
def test_after_the_tiny_run_a_real_one_compiles_nothing(optics):
    assert list(tiny_run(kind(optics=optics)))[-1] == FINISH
    before = versions()
    stack = make_stack(side=300, rgb=True)
    for state in alternating_minimization(stack, optics, SETTINGS.replace(epochs=2)):  # noqa: B007
        pass
    solver.finish(state)
    assert versions() == before > 15


def test_tells_each_kind_of_step_once_in_the_order_of_a_run():
    steps = list(tiny_run(kind()))
    assert steps[:3] == ["initialization", "depth", "aif"]
    assert len(set(steps)) == len(steps)


def test_process_compiles_and_leaves_its_mark(place, owner, qtbot):
    ahead = Preparation(owner)
    changes = []
    ahead.changed.connect(changes.append)
    ahead.want({"name": "done"})
    assert ahead.busy
    waiting = threading.Thread(target=ahead.wait_for, args=(None, lambda: None))
    waiting.start()
    qtbot.waitUntil(lambda: ahead._steps == 1)
    ahead.wait_for(1, lambda: pytest.fail("that is compiled"))
    assert waiting.is_alive()
    (child,) = children()
    assert child.nice() != psutil.Process().nice()
    (place / "go").touch()
    qtbot.waitUntil(lambda: not ahead.busy)
    waiting.join()
    assert changes == [True, False]
    assert (place / "done").exists()
    ahead.want({"name": "done"})
    assert not ahead.busy


def test_nothing_is_started_where_all_is_in_the_cache(place, owner):
    (place / "done").touch()
    ahead = Preparation(owner)
    ahead.want({"name": "done"})
    assert not ahead.busy
    ahead.wait_for(None, lambda: pytest.fail("nothing to wait for"))


def test_another_kind_takes_the_place_of_the_first(place, owner, qtbot):
    ahead = Preparation(owner)
    ahead.want({"name": "one"})
    ahead.want({"name": "one"})  # is under way
    ahead.want({"name": "two"})
    assert len(children()) == 1
    (place / "go").touch()
    qtbot.waitUntil(lambda: not ahead.busy)
    assert (place / "two").exists()
    assert not (place / "one").exists()


def test_no_process_outlives_its_owner(place, qtbot, capfd):
    owner = QObject()
    Preparation(owner).want({"name": "done"})
    assert children()
    owner.deleteLater()
    qtbot.waitUntil(lambda: not children())
    assert not capfd.readouterr().err  # Qt has nothing to complain of


def test_failure_is_quiet_and_not_repeated(place, owner, qtbot, capfd):
    ahead = Preparation(owner)
    ahead.want({"name": "failed", "fails": True})
    qtbot.waitUntil(lambda: not ahead.busy)
    ahead.want({"name": "failed", "fails": True})
    assert not ahead.busy
    assert not capfd.readouterr().err


def test_without_a_python_to_start_nothing_is_compiled_ahead(place, owner, qtbot, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(place / "no_python"))
    ahead = Preparation(owner)
    ahead.want({"name": "done"})
    qtbot.waitUntil(lambda: not ahead.busy)
    ahead.wait_for(None, lambda: pytest.fail("nothing to wait for"))


def test_a_run_goes_one_step_behind():
    order = []

    class Ahead:
        def wait_for(self, steps, look):
            order.append(steps)
            look()

    told = []
    settings = SolverSettings.simulation(epochs=1)
    worker = DefocusWorker(make_stack(), LENS, settings, Ahead())
    order += [None for _ in worker.states(lambda share, message: told.append((share, message)))]
    kept = [state.step for state in alternating_minimization(make_stack(), LENS, settings)]
    assert order[: len(kept) + 1] == list(range(1, len(kept) + 2))
    shares = [share for share, _ in told]
    assert shares == sorted(shares)  # the bar does not jump back while the run waits
    assert told[0] == (0.0, FIRST_USE)


def test_a_waiting_run_can_be_cancelled(place, owner, qtbot):
    ahead = Preparation(owner)
    ahead.want({"name": "done"})

    def give_up():
        raise CancelledError

    with pytest.raises(CancelledError):
        ahead.wait_for(None, give_up)


def test_widget_prepares_when_the_optics_are_known(viewer, qtbot, monkeypatch):
    wanted = []
    monkeypatch.setattr(Preparation, "want", lambda self, kind: wanted.append(kind))
    widget = DefocusWidget(viewer)
    qtbot.addWidget(widget)
    assert not wanted
    add_stack(viewer, make_stack(rgb=True), rgb=True)
    assert json.dumps(wanted[-1])
    assert (wanted[-1]["dtype"], wanted[-1]["colour"]) == ("uint8", True)
    assert wanted[-1]["optics"]["kind"] == "thin_lens"


def test_widget_says_that_it_prepares_and_a_run_says_it_itself(viewer, qtbot, place, monkeypatch):
    monkeypatch.setattr(preparation, "prepared", lambda kind: place / "done")
    monkeypatch.setattr("napari_defocus.plugin.defocus_widget.kind_of_run", lambda *_: {"name": "done"})
    widget = DefocusWidget(viewer)
    qtbot.addWidget(widget)
    widget.show()
    assert not widget.preparing.isVisible()
    add_stack(viewer)
    assert widget.preparing.isVisible()
    widget.run()
    assert not widget.preparing.isVisible()
    qtbot.waitUntil(lambda: any("depth" in layer.name for layer in viewer.layers))  # of the first step
    qtbot.waitUntil(lambda: "first use" in widget.panel.status.text())
    assert widget.panel.running
    (place / "go").touch()
    qtbot.waitUntil(lambda: not widget.panel.running, timeout=120_000)
    assert not widget.preparing.isVisible()


def test_cancel_does_not_wait_for_the_compiler(viewer, qtbot, place, monkeypatch):
    monkeypatch.setattr("napari_defocus.plugin.defocus_widget.kind_of_run", lambda *_: {"name": "done"})
    monkeypatch.setattr(solver, "finish", lambda state: pytest.fail("that would be compiled now"))
    widget = DefocusWidget(viewer)
    qtbot.addWidget(widget)
    add_stack(viewer)
    widget.run()
    qtbot.waitUntil(lambda: any("depth" in layer.name for layer in viewer.layers))
    qtbot.waitUntil(lambda: "first use" in widget.panel.status.text())
    widget.panel.cancel()
    qtbot.waitUntil(lambda: not widget.panel.running)
    assert widget.preparation.busy  # the next run will need it
    told = widget.panel.status.text()
    assert UNFINISHED in told
    assert "outliers\n" not in told
    assert "expected right" not in told  # none is known
    depth = next(layer for layer in viewer.layers if "depth" in layer.name)
    assert UNFINISHED in depth.metadata["napari_defocus"]["notes"]
    widget.abandon()


def test_closing_the_dock_ends_the_process(viewer, qtbot, place, monkeypatch):
    monkeypatch.setattr("napari_defocus.plugin.defocus_widget.kind_of_run", lambda *_: {"name": "done"})
    widget = DefocusWidget(viewer)
    qtbot.addWidget(widget)
    add_stack(viewer)
    assert widget.preparation.busy
    widget.abandon()
    assert not widget.preparation.busy
    assert not children()


@pytest.mark.window
def test_closing_the_window_ends_the_process_without_a_word(make_napari_viewer, place, monkeypatch, capfd):
    monkeypatch.setattr("napari_defocus.plugin.defocus_widget.kind_of_run", lambda *_: {"name": "done"})
    viewer = make_napari_viewer(show=True)
    _, widget = viewer.window.add_plugin_dock_widget("napari-defocus", "Depth from defocus")
    add_stack(viewer)
    assert widget.preparation.busy
    assert len(children()) == 1
    capfd.readouterr()
    viewer.close()
    assert not children()
    assert "QProcess" not in capfd.readouterr().err
