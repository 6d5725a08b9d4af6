"""What the README speaks of is there: make targets, links; and the examples run."""

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
LINKS = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if not re.match(r"[a-z]+:", link)]


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
