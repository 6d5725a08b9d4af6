"""What the site is made from beside its pages: references from the code, messages, pictures."""

import ast
import re
from dataclasses import fields
from pathlib import Path

import pytest
from command_line_reference import command_line_reference
from settings_reference import GROUPS, presets_reference, settings_reference

import napari_defocus
from napari_defocus import SolverSettings

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

SHORTEST = 12
"""Letters that a part of a message must have to tell which one it is."""

FIELDS = [item.name for item in fields(SolverSettings)]


def test_api_page_has_every_public_name():
    shown = re.findall(r"^::: napari_defocus\.(\w+)$", (DOCS / "api.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(shown) == sorted(set(napari_defocus.__all__) - {"__version__"})


def test_settings_reference_has_every_field_once():
    reference = settings_reference()
    rows = re.findall(
        r'^\| <span id="(\w+)">`(\w+)`</span> \| (.+?) \| (.*?) \| (.+) \|$', reference, re.MULTILINE
    )
    assert sorted(name for name, *_ in rows) == sorted(FIELDS)
    assert all(anchor == name and len(meaning) > 10 for anchor, name, _, _, meaning in rows)
    assert ("depth_range", "depth_range", "none", "depth") in [row[:4] for row in rows]


def test_settings_are_grouped():
    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(FIELDS)


def test_presets_reference_shows_the_published_settings():
    assert re.search(
        r"\| \[`fista_iterations`\]\(#fista_iterations\) \|.*`200` \| `10` \| `10` \|", presets_reference()
    )


def test_command_line_reference_has_commands_and_options():
    reference = command_line_reference()
    for command in (
        "solve",
        "focus",
        "align",
        "compare",
        "mesh",
        "run nyuv2",
        "run mobiledepth",
        "prepare",
        "demo",
    ):
        assert f"\n## napari-defocus {command}\n" in f"\n{reference}"
    assert (
        "| `-o DIR`, `--output DIR` | folder for the results (default: experiments/stacks/NAME_TIME) |"
        in reference
    )
    assert "`--depth-range NEAR FAR`" in reference


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.stem)
def test_pictures_are_there_and_described(page):
    for text, path in re.findall(r"!\[(.*?)\]\((.*?)\)", page.read_text("utf-8"), re.DOTALL):
        assert (DOCS / path).is_file(), path
        assert len(text) > 15, path


def test_messages_in_troubleshooting_are_those_of_the_program():
    code = [path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py")]
    strings = [
        node.value for text in code for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)
    ]
    fixed = [text for text in strings if isinstance(text, str) and len(text) >= SHORTEST]
    quoted = re.findall(r'"([A-Z.][^"]{20,})"', (DOCS / "troubleshooting.md").read_text("utf-8"))
    assert len(quoted) > 15
    for message in quoted:
        for part in message.split("..."):
            part = part.strip(" .()")
            known = any(part in text or text.strip(" .") in part for text in fixed)
            assert known or len(part) < SHORTEST, message
