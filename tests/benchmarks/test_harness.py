"""Rows, tables, fits and the page."""

import subprocess
import sys

import numpy as np
import pytest

from benchmarks import page, results, synthetic
from benchmarks.__main__ import PARTS
from benchmarks.growth import fit_memory, spread
from benchmarks.harness import ROOT, Row, run_fresh
from benchmarks.kernel_cases import cases
from benchmarks.kernels import place
from benchmarks.solve_once import StageClock


def row(**values):
    return Row(**{"part": "p", "target": "t", "unit": "s", **values})


def test_the_ratio_is_above_one_where_ours_is_better():
    assert row(ours=2.0, comparator=10.0).ratio == 5
    assert row(ours=10.0, comparator=2.0, better="higher").ratio == 5
    assert row(ours=10.0).ratio is None
    assert row(ours=30.0, comparator=20.0, unit="dB").ratio is None


@pytest.mark.parametrize(
    ("values", "met"),
    [
        ({"ours": 1.0}, None),
        ({"ours": 1.0, "at_most": 1.0}, True),
        ({"ours": 1.1, "at_most": 1.0}, False),
        ({"ours": 1.1, "at_least": 2.0}, False),
        ({"ours": 1.0, "comparator": 100.0, "ratio_at_least": 100}, True),
        ({"ours": 1.0, "comparator": 99.0, "ratio_at_least": 100}, False),
        ({"ours": 1.0, "ratio_at_least": 100}, None),
        ({"ours": None, "comparator": 99.0, "ratio_at_least": 100}, False),
        ({"at_most": 1.0, "measured": False}, None),
    ],
)
def test_a_goal_is_met_or_not_or_not_measured(values, met):
    assert row(**values).met is met


@pytest.mark.parametrize(
    ("value", "text"), [(None, "-"), (0.01234, "0.0123"), (5.678, "5.68"), (10400, "10,400"), (3e9, "3e+09")]
)
def test_figures_are_short(value, text):
    assert results.figure(value) == text


def test_results_are_read_as_they_were_written(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "FOLDER", tmp_path / "results")
    rows = [row(ours=1.0, at_most=2.0, note="how"), row(part="q", measured=False, note="why not")]
    details = {"q": {"x": [1, 2]}}
    path = results.write(rows, {"date": "today"}, details, "2000-01-01")
    assert results.read(path) == (rows, {"date": "today"}, details)
    assert results.newest() == path
    text = path.with_suffix(".md").read_text()
    assert "| t | s | <= 2 | 1 | - | - | yes | how |" in text
    assert "why not" in text


def test_the_table_shows_every_row_and_note():
    text = results.table([row(ours=1.0, note="how"), row(part="q", target="other", note="why not")])
    assert all(word in text for word in ("[p]", "[q]", "how", "other", "why not"))


def test_the_page_shows_the_results_that_it_names():
    text = page.PAGE.read_text()
    assert page.rendered(text, page.source(text)) == text


def test_memory_is_fitted_by_pixels_and_planes():
    points = [
        {"pixels": p, "planes": k, "peak_bytes": 1e8 + p * (100 + 3 * k)}
        for p, k in [(1e5, 5), (1e5, 10), (1e5, 40), (1e6, 10), (2e6, 10)]
    ]
    fit = fit_memory(points)
    assert fit["constant"] == pytest.approx(1e8)
    assert fit["per_pixel"] == pytest.approx(100)
    assert fit["per_pixel_and_plane"] == pytest.approx(3)
    assert fit["worst"] == pytest.approx(0, abs=1e-9)
    assert spread([4.0, 5.0, 4.5]) == 25


def test_stages_add_up_over_epochs():
    clock = StageClock()
    for message in ("reading", "epoch 1 of 2: depth", "epoch 1 of 2: depth", "epoch 2 of 2: depth", "done"):
        clock(0.0, message)
    clock.stop()
    assert list(clock.stages) == ["before the first message", "reading", "depth", "done"]
    assert all(spent["wall"] >= 0 for spent in clock.stages.values())


def test_peak_memory_sees_what_was_held_for_a_moment():
    code = """
from benchmarks.harness import peak_memory
before = peak_memory()
held = b"x" * (before + 2**26)
del held
print(before, peak_memory())
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    before, after = map(int, done.stdout.split())
    assert after >= before + 2**26


def test_every_kernel_case_can_be_called():
    found = {case.name: case for case in cases()}
    assert len(found) > 10
    for case in found.values():
        case.call()
        assert case.flops > 0
        assert case.bytes > 0


def test_every_part_has_a_name_of_its_own():
    names = [part.NAME for part in PARTS]
    assert len(set(names)) == len(names)
    assert all(callable(part.measure) for part in PARTS)


def test_arrays_are_placed_in_the_smallest_cache():
    assert [place(size) for size in (1e4, 5e5, 5e6, 1e9)] == ["L1", "L2", "L3", "memory"]


def test_the_import_is_timed_in_a_fresh_process():
    assert run_fresh("benchmarks.start_once", "--import")["import"] > 0


def test_synthetic_planes_are_sharp_where_their_depth_is():
    shape, planes = (96, 128), 4
    stack = np.array(list(synthetic.render_stack(shape, planes)))
    assert stack.shape == (planes, *shape, 3)
    assert stack.dtype == np.uint8
    depth = synthetic.relief(shape, planes)
    assert len(np.unique(depth)) > 3
    detail = np.abs(np.diff(stack[..., 1].astype(float), axis=2))
    for plane in range(1, planes - 1):
        there = np.abs(depth[:, 1:] - plane) < 0.5
        assert detail[:, there].mean(axis=1).argmax() == plane


def test_a_tile_of_a_plane_does_not_depend_on_the_tiling(monkeypatch):
    rng = np.random.default_rng(0)
    image, depth = synthetic.texture((60, 70), rng), synthetic.relief((60, 70), 4)
    whole = synthetic.composite(image, depth, 0, 2.0)
    monkeypatch.setattr(synthetic, "TILE", 32)
    np.testing.assert_allclose(synthetic.render(image, depth, 0, 2.0), whole, atol=1e-4)
