"""The figures by which the aims are judged, and the page."""

import json

import pytest

from benchmarks.accuracy.report import table, tables, write
from benchmarks.accuracy.summary import summarise


def row(abs_rel, psnr, rmse=1.0, dropped=0.5, seconds=2.0):
    return {
        "abs_rel": abs_rel,
        "psnr": psnr,
        "rmse": rmse,
        "rmse_dropped": dropped,
        "cpu_seconds": seconds,
        "choice": "",
    }


SCENES = {
    "one": {
        "published": row(0.04, 20.0, seconds=4.0),
        "focus": row(0.02, 21.0),
        "mosaic": {"psnr": 22.0, "choice": "window 3"},
        "ours": row(0.01, 25.0),
    },
    "two": {
        "published": row(0.04, 20.0, seconds=1.0),
        "focus": row(0.05, 21.0),
        "mosaic": {"psnr": 30.0, "choice": "window 9"},
        "ours": row(0.06, 29.0, rmse=4.0, dropped=1.0),
    },
}


def test_hand_computed_summary():
    summary = summarise(SCENES)
    assert summary["one"] == pytest.approx(
        {"abs_rel_ratio": 0.5, "psnr_gain": 3.0, "sparsification_ratio": 0.5, "cpu_ratio": 0.5}
    )
    assert summary["two"] == pytest.approx(
        {"abs_rel_ratio": 1.5, "psnr_gain": -1.0, "sparsification_ratio": 0.25, "cpu_ratio": 2.0}
    )
    assert summary["mean"] == pytest.approx(
        {"abs_rel_ratio": 1.0, "psnr_gain": 1.0, "sparsification_ratio": 0.375, "cpu_ratio": 1.25}
    )
    assert summary["geometric mean"] == pytest.approx(
        {"abs_rel_ratio": 0.75**0.5, "sparsification_ratio": 0.125**0.5, "cpu_ratio": 1.0}
    )
    assert summary["ratio of means"] == pytest.approx({"abs_rel_ratio": 7 / 6})
    assert summary["worst"] == pytest.approx(
        {"abs_rel_ratio": 1.5, "psnr_gain": -1.0, "sparsification_ratio": 0.5, "cpu_ratio": 2.0}
    )


def test_rows_that_were_not_run_leave_figures_out():
    ours = {name: {"ours": rows["ours"]} for name, rows in SCENES.items()}
    assert set(summarise(ours)["mean"]) == {"sparsification_ratio"}
    only_one_rival = {"one": {name: SCENES["one"][name] for name in ("ours", "focus")}}
    assert "abs_rel_ratio" not in summarise(only_one_rival)["mean"]
    assert summarise({"one": {"focus": row(0.02, 21.0)}}) == {}


def test_table_is_even():
    lines = table(["a", "long heading"], [["1", "2"], ["three", "4"]]).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert lines[0] == "| a     | long heading |"
    assert lines[3] == "| three | 4            |"


def test_run_is_written_as_numbers_and_as_a_page(tmp_path):
    facts = {"subset": "tuning", "shows": "nothing", "stack": "3 x 4 x 5, 8 bits", "noise": 1.0}
    run = {
        "machine": {"cores": 2},
        "scenes": {name: {"facts": facts, "rows": rows} for name, rows in SCENES.items()},
        "summary": {"tuning": summarise(SCENES), "final": {}},
    }
    write(run, tmp_path)
    assert json.loads((tmp_path / "accuracy.json").read_text()) == run
    page = (tmp_path / "accuracy.md").read_text()
    assert page == tables(run)
    summary = next(line for line in page.splitlines() if "| mean " in line)
    assert [text.strip() for text in summary.split("|")[3:7]] == ["1.00", "1.00", "0.38", "1.25"]
