"""Every block of code in the README and in docs/ is run, page by page, and prints what the page says."""

import io
import re
import shlex
import tomllib
from contextlib import redirect_stdout
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from official_files import write_labeled
from page_blocks import PAGES, Block, agree, blocks, missing_line
from PIL import Image
from scipy.ndimage import gaussian_filter

from napari_defocus import SolverSettings, load_optics
from napari_defocus.cli.arguments import parse_setting
from napari_defocus.cli.main import build_parser, main

LANGUAGES = {"", "text", "python", "console", "bash", "toml"}
ON_BENCHMARKS = {"accuracy", "confidence", "performance"}
"""Pages that name options of other programs."""

COMMANDS = {"solve", "focus", "batch", "align", "compare", "mesh", "run", "prepare", "demo"}


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A working folder with what the pages take to be there: a stack, two optics files, a data set."""
    texture = np.random.default_rng(3).random((48, 64, 3))
    (tmp_path / "my_stack").mkdir()
    for k in range(5):
        image = gaussian_filter(texture, (abs(k - 2) + 0.3,) * 2 + (0,))
        Image.fromarray(np.rint(255 * image).astype(np.uint8)).save(tmp_path / f"my_stack/image{k}.png")
    (tmp_path / "camera.toml").write_text(
        'kind = "thin_lens"\nfocal_length_mm = 50\nf_number = 8\npixel_pitch_um = 12\n'
        "focus_distances_m = [1, 1.5, 2.5, 4, 6]\n"
    )
    write_labeled(tmp_path / "data", train=list(range(1, 46)), test=[46])
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Reader:
    """Does what a reader of a page does, from top to bottom."""

    def __init__(self) -> None:
        self.names: dict[str, object] = {}
        self.printed = ""

    def read(self, block: Block) -> None:
        assert block.language in LANGUAGES, block.where
        if block.marker == "output":
            lacking = missing_line(block.text.splitlines(), self.printed)
            assert lacking is None, f"{block.where}: {lacking!r} is not in what was printed:\n{self.printed}"
        elif block.language == "python":
            self.run_python(block)
        elif block.language in ("console", "bash"):
            self.run_commands(block)
        elif block.language == "toml":
            self.write_file(block)

    def run_python(self, block: Block) -> None:
        code = compile(block.text, block.where, "exec")
        if block.is_run:
            with redirect_stdout(io.StringIO()) as stdout:
                exec(code, self.names)
            self.printed = stdout.getvalue()

    def run_commands(self, block: Block) -> None:
        for line, expected in block.commands:
            _, *arguments = shlex.split(line)
            build_parser().parse_args(arguments)
            if not block.is_run:
                continue
            with redirect_stdout(io.StringIO()) as stdout:
                code = main(arguments)
            self.printed = stdout.getvalue()
            assert code == 0, f"{block.where}: {line}"
            lacking = missing_line(expected, self.printed)
            assert lacking is None, f"{block.where}: {lacking!r} is not in what was printed:\n{self.printed}"

    def write_file(self, block: Block) -> None:
        tomllib.loads(block.text)
        if named := re.match(r"# (\S+\.toml)\n", block.text):
            Path(named[1]).write_text(block.text, "utf-8")
            load_optics(named[1])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_blocks_run(page, work):
    reader = Reader()
    for block in blocks(page):
        reader.read(block)


def test_pages_have_blocks_to_run():
    running = [block for page in PAGES for block in blocks(page) if block.is_run]
    assert sum(block.language == "python" for block in running) > 20
    assert sum(len(block.commands) for block in running if block.language == "console") > 15


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_fences_are_closed_and_markers_known(page):
    text = page.read_text("utf-8")
    assert len(re.findall("^```", text, re.MULTILINE)) == 2 * len(list(blocks(page)))
    markers = [block.marker for block in blocks(page) if block.marker]
    assert all(re.fullmatch(r"output|not run: .+", marker) for marker in markers), markers


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_in_the_text_are_understood(page):
    text = page.read_text("utf-8")
    shown = re.findall(r"^    (napari-defocus [a-z].*?)(?: +#.*)?$", text, re.MULTILINE)
    shown += re.findall(r"`(napari-defocus [a-z][^`]*)`", text)
    for line in shown:
        _, command, *rest = shlex.split(line)
        assert command in COMMANDS, line
        if rest and "--help" not in rest:
            build_parser().parse_args([command, *rest])


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.stem not in ON_BENCHMARKS], ids=lambda page: page.stem
)
def test_options_in_the_text_exist(page):
    known = set(re.findall(r"--[a-z][a-z-]*", all_help(build_parser())))
    for code in re.findall(r"`(--[^`]+)`", page.read_text("utf-8")):
        words = shlex.split(code)
        assert words[0] in known, code
        for name, value in pairwise(words):
            if name == "--set" and value not in ("name=value", "NAME=VALUE"):
                SolverSettings.from_dict(dict([parse_setting(value)]))


def all_help(parser):
    """Help of a parser and of all below it."""
    below = [action.choices for action in parser._actions if isinstance(action.choices, dict)]
    return parser.format_help() + "".join(all_help(one) for choices in below for one in choices.values())


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        ("depth 0.75 to 2.5 m", "depth  0.80 to 2.6 m", True),
        ("depth 0.75 to 2.5 m", "depth 0.75 to 4.5 m", False),
        ("8 planes", "9 planes", False),
        ("Loss 2.2e-04", "Loss 2.4e-04", True),
        ("Loss 2.2e-04", "Loss 2.2e-03", False),
        ("0.1 % outliers", "0.0 % outliers", True),
        ("mean 0.95", "median 0.95", False),
    ],
)
def test_what_counts_as_the_same_output(expected, printed, same):
    assert agree(expected, printed) is same


def test_output_has_to_come_in_its_order():
    assert missing_line(["a", "b"], "a\nx\nb\n") is None
    assert missing_line(["b", "a"], "a\nb\n") == "a"
