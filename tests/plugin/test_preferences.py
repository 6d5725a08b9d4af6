"""The page in napari's Preferences, and that the plugin obeys it."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import napari.settings
import pytest
from npe2 import PluginManifest
from tiny_stacks import add_stack

from napari_defocus.optics import lookahead
from napari_defocus.optics.tiles import map_tiles, split
from napari_defocus.plugin import preferences
from napari_defocus.plugin.defocus_widget import DefocusWidget
from napari_defocus.plugin.settings_form import PRESETS

ROOT = Path(__file__).parents[2]
STORED = preferences._stored  # before the tests' own takes its place


@pytest.fixture
def page(npe2pm, plugin_settings, monkeypatch):
    """The page as napari makes it from the manifest, its values kept in the test's own folder."""
    npe2pm.register(PluginManifest.from_file(ROOT / "napari.yaml"))
    monkeypatch.setattr(preferences, "_stored", STORED)
    return napari.settings.get_plugin_settings("napari-defocus")


@pytest.fixture
def _any_threads():
    yield
    lookahead.limit_threads(None)


@pytest.mark.usefixtures("page")
def test_activation_comes_before_the_widgets_are_imported(npe2pm, monkeypatch):
    called = []
    monkeypatch.setattr(preferences, "on_activate", called.append)
    npe2pm.activate("napari-defocus")
    assert len(called) == 1


def test_the_page_has_the_defaults_of_the_plugin(page):
    assert preferences.preferences() == preferences.Preferences()
    assert page.solver.threads == 0


def test_the_presets_of_the_page_are_those_of_the_form(page):
    manifest = PluginManifest.from_file(ROOT / "napari.yaml")
    choices = manifest.contributions.configurations["solver"].properties["default_preset"].enum
    assert choices == list(PRESETS)
    for choice in choices:
        page.solver.default_preset = choice
        assert preferences.preferences().default_preset == choice
    with pytest.raises(ValueError, match="not one of"):
        page.solver.default_preset = "mine"


def test_the_default_preset_fills_the_form(page, viewer, qtbot):
    page.solver.default_preset = "Make3D (paper)"
    widget = DefocusWidget(viewer)
    qtbot.addWidget(widget)
    assert widget.settings_form.settings() == PRESETS["Make3D (paper)"]()


@pytest.mark.usefixtures("_any_threads")
def test_threads_are_limited_from_the_next_run_on(page, viewer, qtbot, patient_solver):
    widget = DefocusWidget(viewer)
    qtbot.addWidget(widget)
    add_stack(viewer)
    page.solver.threads = 1
    patient_solver.release.set()
    widget.panel.run_button.click()
    assert lookahead.default_threads() == 1
    qtbot.waitUntil(lambda: not widget.panel.running, timeout=60_000)
    page.solver.threads = 0
    preferences.apply_threads()
    assert lookahead.default_threads() == os.cpu_count()


@pytest.mark.usefixtures("_any_threads")
@pytest.mark.parametrize("most", [1, 3])
def test_no_more_threads_than_allowed_work_on_tiles(most):
    import threading

    lookahead.limit_threads(most)
    seen = set()
    gate = threading.Barrier(most)

    def work(tile):
        seen.add(threading.get_ident())
        gate.wait(30)  # every thread takes part

    for _ in map_tiles(work, split((64, 48 * most), (16, 16))):
        pass
    assert len(seen) == most


def test_compiled_kernels_go_to_the_cache_folder(tmp_path):
    """In a process of its own: the folder counts when the kernels are imported."""
    code = (
        "import sys; from types import SimpleNamespace\n"
        "from napari_defocus.plugin import preferences\n"
        "values = SimpleNamespace(threads=0, cache_folder=sys.argv[1], default_preset='')\n"
        "preferences._stored = lambda: values\n"
        "preferences.on_activate()\n"
        "from napari_defocus.solver.smoothing_kernels import __dict__ as names\n"
        "kernel = next(k for k in names.values() if hasattr(k, 'signatures'))\n"
        "print(kernel._cache.cache_path)\n"
    )
    environment = {key: value for key, value in os.environ.items() if key != "NUMBA_CACHE_DIR"}
    folder = tmp_path / "new" / "cache"
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_relative_to(folder)


def test_a_cache_folder_that_cannot_be_made_is_not_taken(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    stored = SimpleNamespace(threads=0, cache_folder=str(tmp_path / "file" / "cache"), default_preset="")
    monkeypatch.setattr(preferences, "_stored", lambda: stored)
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr(preferences, "COMPILED", "not imported yet")
    preferences.on_activate()
    assert "NUMBA_CACHE_DIR" not in os.environ
