"""What is in the wheel and the sdist, and that the manifest is found in both."""

import subprocess
import sys
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
SAMPLES = {
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "sample_data").rglob("*")
    if path.is_file() and "__pycache__" not in path.parts
}


def run(*args, **kwargs):
    done = subprocess.run(args, capture_output=True, text=True, check=False, **kwargs)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(*args):
    run(sys.executable, "-m", "build", "--no-isolation", *args, cwd=ROOT)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Folder with an sdist and the wheel built from that sdist."""
    folder = tmp_path_factory.mktemp("built")
    build("--outdir", str(folder))
    return folder


@pytest.fixture(scope="module")
def sdist(built):
    (path,) = built.glob("*.tar.gz")
    return path


@pytest.fixture(scope="module")
def wheels(built, tmp_path_factory):
    """Wheels by what they were built from."""
    folder = tmp_path_factory.mktemp("wheel")
    build("--wheel", "--outdir", str(folder))
    return {"sdist": next(built.glob("*.whl")), "tree": next(folder.glob("*.whl"))}


@pytest.fixture(params=["tree", "sdist"])
def wheel(wheels, request):
    return wheels[request.param]


def test_the_sdist_holds_manifest_and_samples_at_its_top(sdist):
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert SAMPLES
    assert {"napari.yaml", "LICENSE", "README.md", "pyproject.toml"} | SAMPLES <= names
    assert "src/napari_defocus/__init__.py" in names


def test_the_wheel_holds_manifest_samples_types_and_licence(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        manifest = archive.read("napari_defocus/napari.yaml")
    assert len(names) == len(set(names))
    assert {f"napari_defocus/{name}" for name in SAMPLES} <= set(names)
    assert "napari_defocus/py.typed" in names
    assert "napari_defocus/solver/calibration.json" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert manifest == (ROOT / "napari.yaml").read_bytes()
    folders = {name.split("/")[0] for name in names}
    assert all(name.startswith("napari_defocus") for name in folders)


def test_the_wheel_from_the_sdist_is_the_wheel_from_the_tree(wheels):
    contents = {}
    for source, path in wheels.items():
        with zipfile.ZipFile(path) as archive:
            contents[source] = {
                info.filename: info.CRC for info in archive.infolist() if "dist-info" not in info.filename
            }
    assert contents["tree"] == contents["sdist"]


def test_napari_finds_the_manifest_of_an_installed_wheel(wheel, tmp_path):
    target = tmp_path / "site"
    run(
        sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--target", str(target), str(wheel)
    )
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import importlib.resources\n"
        "from npe2 import PluginManifest\n"
        "manifest = PluginManifest.from_distribution('napari-defocus')\n"
        "print(manifest.name, len(manifest.contributions.commands))\n"
        "print(importlib.resources.files('napari_defocus') / 'sample_data')\n"
    )
    name, samples = run(sys.executable, "-c", code, str(target), cwd=tmp_path).splitlines()
    assert name.split()[0] == "napari-defocus"
    assert int(name.split()[1]) > 0
    assert Path(samples) == target / "napari_defocus" / "sample_data"
    assert Path(samples).is_dir()


def requirements(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("dist-info/METADATA"))
        metadata = Parser().parsestr(archive.read(name).decode())
    return [Requirement(text) for text in metadata.get_all("Requires-Dist", [])]


def needed(wheel, **environment):
    """Names of the packages that a plain install on such a machine needs."""
    environment = {"extra": "", **environment}
    return {
        item.name for item in requirements(wheel) if item.marker is None or item.marker.evaluate(environment)
    }


def test_a_plain_install_needs_neither_napari_nor_qt_nor_plots(wheel):
    names = needed(wheel)
    assert {"numpy", "numba", "tifffile"} <= names
    assert not names & {"napari", "magicgui", "superqt", "pyqt6", "PyQt6", "pyside6", "matplotlib"}


@pytest.mark.parametrize(
    ("python", "system", "machine", "has_wheel"),
    [
        ("3.11", "linux", "x86_64", True),
        ("3.11", "win32", "AMD64", True),
        ("3.11", "darwin", "x86_64", True),
        ("3.11", "linux", "aarch64", False),
        ("3.11", "darwin", "arm64", False),
        ("3.12", "linux", "x86_64", False),
        ("3.13", "win32", "AMD64", False),
    ],
)
def test_gco_wrapper_is_needed_only_where_it_installs_without_a_compiler(
    wheels, python, system, machine, has_wheel
):
    names = needed(
        wheels["tree"],
        python_version=python,
        python_full_version=f"{python}.0",
        sys_platform=system,
        platform_machine=machine,
    )
    assert ("gco-wrapper" in names) == has_wheel
