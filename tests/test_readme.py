"""What the README shows is run: its Python, its command lines, its files; so are the examples."""

import re
import runpy
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from napari_defocus.cli.main import build_parser, main

sys.path.insert(0, str(Path(__file__).parent / "datasets"))  # for official_files.py
from official_files import write_labeled

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
DATASETS_PAGE = (ROOT / "docs" / "datasets.md").read_text("utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)


COMMANDS = [line[2:] for block in blocks("console") for line in block.splitlines() if line.startswith("$ ")]
FILES = blocks("toml")
LINKS = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if not re.match(r"[a-z]+:", link)]


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A working folder with the stack and the files that the README speaks of."""
    texture = np.random.default_rng(3).random((48, 64, 3))
    (tmp_path / "my_stack").mkdir()
    for k in range(5):
        image = gaussian_filter(texture, (abs(k - 2) + 0.3,) * 2 + (0,))
        Image.fromarray(np.rint(255 * image).astype(np.uint8)).save(tmp_path / f"my_stack/image{k}.png")
    for text in FILES:
        name = text.splitlines()[0].removeprefix("# ")
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def data(work):
    """A data set as it is downloaded, with image 0045 in its test split."""
    write_labeled(work / "data", train=list(range(1, 46)), test=[46])


def test_there_is_something_to_run():
    assert len(blocks("python")) >= 2
    assert len(COMMANDS) >= 2
    assert all(re.match(r"# \w+\.toml\n", text) for text in FILES)


@pytest.mark.parametrize("code", blocks("python"))
def test_python_of_the_readme(code, work):
    exec(compile(code, "README.md", "exec"), {})
    if "save_result" in code:
        assert (work / "results" / "depth.tif").is_file()


def test_commands_of_the_readme_in_turn(work, data):
    for command in COMMANDS:
        program, *arguments = shlex.split(command)
        assert program == "napari-defocus"
        assert main(arguments) == 0
    written = {path.name for path in (work / "depth").iterdir()}
    assert {"depth.tif", "depth.npy", "outliers.png", "losses.csv", "parameters.json"} <= written
    assert (work / "nyuv2_test" / "summary.csv").is_file()


def test_optics_files_of_the_readme_load(work):
    from napari_defocus import load_optics

    kinds = {load_optics(path).kind for path in work.glob("*.toml")}
    assert kinds == {"thin_lens", "microscope"}


def test_make_targets_of_the_readme_exist():
    targets = set(re.findall(r"make ([a-z]+)", README))
    assert {"demo", "test"} <= targets
    makefile = (ROOT / "Makefile").read_text()
    for target in targets:
        assert f"\n{target}:" in makefile


def test_links_of_the_readme_lead_somewhere():
    assert LINKS
    for link in LINKS:
        assert (ROOT / link).exists(), link


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.name)
def test_examples_run(example, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", [str(example), "1"])
    runpy.run_path(str(example), run_name="__main__")
    assert capsys.readouterr().out


def test_python_of_the_page_on_data_sets(work, data, capsys):
    assert main(["prepare", "nyuv2", "--quiet"]) == 0
    (code,) = re.findall(r"^```python\n(.*?)^```", DATASETS_PAGE, flags=re.DOTALL | re.MULTILINE)
    exec(compile(code, "docs/datasets.md", "exec"), {})
    assert "'delta1': 0.9" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("page", "least", "known"),
    [("datasets.md", 5, ("run", "prepare")), ("batch.md", 3, ("batch",))],
)
def test_commands_of_the_pages_are_understood(page, least, known):
    text = (ROOT / "docs" / page).read_text("utf-8")
    commands = re.findall(r"^    (napari-defocus .*)", text, flags=re.MULTILINE)
    assert len(commands) >= least
    for command in commands:
        assert build_parser().parse_args(shlex.split(command)[1:]).command in known
