"""The library and the command line start without napari, Qt or a display, and load nothing heavy."""

import subprocess
import sys

import pytest

GUI = ("PyQt5", "PyQt6", "PySide2", "PySide6", "qtpy", "napari", "magicgui", "superqt", "vispy")
HEAVY = ("dask", "matplotlib", "numba", "scipy", "skimage", "tifffile")

BLOCK = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in blocked:
            raise ImportError(f"{name} must not be imported here")

sys.meta_path.insert(0, Blocker())
"""


def python(code, *args, blocked=()):
    done = subprocess.run(
        [sys.executable, "-c", f"blocked = {tuple(blocked)!r}\n{BLOCK}\n{code}", *args],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_the_package_loads_nothing_heavy():
    loaded = set(python("import napari_defocus; print(*sys.modules)").split())
    assert not loaded & {*GUI, *HEAVY}
    assert "napari_defocus" in loaded


@pytest.mark.parametrize(
    "module", ["alignment", "batch", "optics", "solver", "io", "datasets", "simulation", "cli.main"]
)
def test_everything_but_the_plugin_imports_without_gui_and_plots(module):
    python(f"import napari_defocus.{module}", blocked=(*GUI, "matplotlib"))


def test_every_public_name_resolves_without_gui():
    code = "import napari_defocus as n; print(*(getattr(n, name) is not None for name in n.__all__))"
    assert set(python(code, blocked=(*GUI, "matplotlib")).split()) == {"True"}


@pytest.mark.parametrize(
    "command",
    ["", "solve", "batch", "focus", "align", "compare", "mesh", "run", "run nyuv2", "prepare", "demo"],
)
def test_help_needs_nothing_heavy(command):
    code = "from napari_defocus.cli.main import main; main(sys.argv[1:])"
    text = python(code, *command.split(), "--help", blocked=(*GUI, *HEAVY))
    assert text.startswith("usage: napari-defocus")


def test_the_version_is_that_of_the_distribution():
    code = "from napari_defocus.cli.main import main; main(['--version'])"
    version = python("import importlib.metadata; print(importlib.metadata.version('napari-defocus'))").strip()
    assert python(code, blocked=(*GUI, *HEAVY)).split() == ["napari-defocus", version]
