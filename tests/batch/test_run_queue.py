"""The queue: what runs, what does not, and what becomes of it."""

import csv
import json

import numpy as np
import pytest
from queued_stacks import LENS, break_image, images, make_plan, queue_of, write_folder

from napari_defocus import batch, solver
from napari_defocus.batch import SUMMARY_FILE, State, inspect, offer_optics, run_queue
from napari_defocus.batch.summary import COLUMNS
from napari_defocus.errors import CancelledError, InputError
from napari_defocus.io import load_parameters, load_result
from napari_defocus.optics import Microscope, UncalibratedFocus


def rows_of(output):
    with (output / SUMMARY_FILE).open(newline="") as stream:
        return list(csv.DictReader(stream))


def without_times(rows):
    return [row | {"seconds": ""} for row in rows]


def states(items):
    return {item.name: str(item.state) for item in items}


def cancelling(at, name, message="epoch 1"):
    """Progress that cancels the stack of this name once it says so."""

    def progress(fraction, text):
        if f", {name}: {message}" in text:
            raise CancelledError

    return progress


def test_each_stack_in_its_folder_and_the_bad_ones_told(stacks, plan):
    seen = []
    items = run_queue([inspect(item) for item in queue_of(stacks)], plan, show=seen.append)
    assert states(items) == {
        "a": "done",
        "b": "done",
        "c": "failed",
        "d": "needs optics",
        "e": "done",
        "f": "done",
    }
    assert "plane2.png is damaged" in items[2].message
    assert "brings no complete optics" in items[3].message
    assert {path.name for path in plan.output.iterdir()} == {"a", "b", "e", "f", SUMMARY_FILE}
    rows = rows_of(plan.output)
    assert list(rows[0]) == list(COLUMNS)
    for item, row in zip(items, rows, strict=True):
        assert (row["name"], row["state"]) == (item.name, item.state)
        assert row["message"] == ("" if item.done else item.message)  # of a result: the solver's notes
    depth = np.load(plan.output / "e" / "depth.npy")
    found = [float(rows[4][f"depth_{what}"]) for what in ("min", "median", "max")]
    assert found == pytest.approx([depth.min(), np.median(depth), depth.max()], rel=1e-5)
    assert rows[4]["unit"] == "m"
    assert 0 <= float(rows[4]["outliers"]) <= 1
    assert {row["settings_digest"] for row in rows} == {plan.digest(), ""}
    assert load_parameters(plan.output / "a")[0] == LENS
    mine = [item for item in seen if item.name == "a"]
    assert [item.state for item in mine if item.state != State.RUNNING] == ["waiting", "reading", "done"]
    running = [item.fraction for item in mine if item.state is State.RUNNING]
    assert running == sorted(running)
    assert len(running) > 3
    assert items[4].message.startswith(f"{depth.min():.3g} to {depth.max():.3g} m, median")
    assert items[0].optics_from == "optics.toml"
    # what is known to need optics is told so from the start
    assert {item.state for item in seen if item.name == "d"} == {"needs optics", "reading"}


def test_called_again_it_finds_done_what_is_done_and_tries_the_rest(stacks, plan):
    run_queue(queue_of(stacks), plan)
    before = rows_of(plan.output)
    kept = (plan.output / "a" / "depth.npy").stat().st_mtime_ns
    items = run_queue(queue_of(stacks), plan)
    assert states(items)["a"] == "done before"
    assert rows_of(plan.output) == before  # the times too
    assert (plan.output / "a" / "depth.npy").stat().st_mtime_ns == kept
    again = make_plan(plan.output, again=True)
    assert states(run_queue(queue_of(stacks / "a"), again))["a"] == "done"
    assert (plan.output / "a" / "depth.npy").stat().st_mtime_ns != kept


@pytest.mark.parametrize("change", ["settings", "optics", "source"])
def test_a_result_of_another_run_is_neither_taken_nor_replaced(tmp_path, plan, change):
    stack = write_folder(tmp_path / "s" / "a", images())
    run_queue(queue_of(stack), plan)
    depth = (plan.output / "a" / "depth.npy").read_bytes()
    if change == "optics":
        text = (stack / "optics.toml").read_text()
        (stack / "optics.toml").write_text(text.replace("4.0", "5.0"))
    elif change == "source":
        stack = write_folder(tmp_path / "t" / "a", images(1))
    other = make_plan(plan.output, settings={"epochs": 2} if change == "settings" else {})
    (item,) = run_queue(queue_of(stack), other)
    assert item.state is State.FAILED
    what = {"settings": "other settings", "optics": "other optics", "source": "another stack"}[change]
    assert f"holds a result of {what}; overwrite it" in item.message
    assert (plan.output / "a" / "depth.npy").read_bytes() == depth


def test_threads_do_not_make_another_run(tmp_path, plan):
    stack = write_folder(tmp_path / "a", images())
    run_queue(queue_of(stack), plan)
    (item,) = run_queue(queue_of(stack), make_plan(plan.output, settings={"threads": 1}))
    assert item.state is State.DONE_BEFORE


def test_cancel_stops_the_present_stack_and_leaves_the_others_waiting(stacks, plan):
    items = run_queue(queue_of(stacks), plan, progress=cancelling(1, "b"))
    assert list(states(items).values()) == ["done", "cancelled", *["waiting"] * 4]
    assert [row["state"] for row in rows_of(plan.output)] == list(states(items).values())
    assert not (plan.output / "b").exists()
    items = run_queue(items, plan)
    undisturbed = make_plan(plan.output.with_name("undisturbed"))
    run_queue(queue_of(stacks), undisturbed)
    assert without_times(rows_of(plan.output)) == without_times(rows_of(undisturbed.output))


def test_ctrl_c_leaves_a_summary(stacks, plan):
    def progress(fraction, text):
        if ", b: epoch" in text:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_queue(queue_of(stacks), plan, progress=progress)
    assert [row["state"] for row in rows_of(plan.output)] == ["done", "cancelled", *["waiting"] * 4]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuntimeError("the graph\nis cut"), "RuntimeError: the graph is cut."),
        (MemoryError(), "There is not enough memory for this stack"),
    ],
)
def test_an_error_of_any_kind_costs_its_stack_alone(stacks, plan, monkeypatch, caplog, error, said):
    solve = solver.alternating_minimization
    calls = []

    def failing(*args, **options):
        calls.append(1)
        if len(calls) == 1:
            raise error
        return solve(*args, **options)

    monkeypatch.setattr(solver, "alternating_minimization", failing)
    items = run_queue(queue_of(stacks / "a", stacks / "b"), plan)
    assert list(states(items).values()) == ["failed", "done"]
    assert said in items[0].message
    assert [record.exc_info[1] for record in caplog.records] == (
        [] if isinstance(error, MemoryError) else [error]
    )


def test_stacks_without_optics_take_those_that_are_offered(stacks, tmp_path):
    plan = make_plan(tmp_path / "out", lambda planes: UncalibratedFocus(planes=planes))
    d, a = run_queue(queue_of(stacks / "d", stacks / "a"), plan)
    assert (d.state, d.optics_from, a.optics_from) == ("done", "form", "optics.toml")
    assert [row["unit"] for row in rows_of(plan.output)] == ["plane", "m"]


def test_optics_that_do_not_fit_are_not_taken(tmp_path, stacks):
    def three_planes(planes):
        lens = LENS.replace(focus_distances=(1.0, 2.0, 3.0))
        lens.check_planes(planes)
        return lens

    plan = make_plan(tmp_path / "out", three_planes)
    (item,) = run_queue(queue_of(stacks / "d"), plan)
    assert item.state is State.NEEDS_OPTICS
    assert "4 planes but the optics list 3" in item.message


def test_before_the_run_it_is_told_what_a_stack_is(stacks):
    queue = queue_of(stacks / "a", stacks / "d", stacks / "c" / "plane1.png")
    items = [inspect(item) for item in queue]
    assert [item.state for item in items] == ["waiting", "waiting", "failed"]
    assert items[0].shape == (4, 24, 24)
    assert "two" in items[2].message
    without, given = (
        [offer_optics(item, fallback, "form") for item in items]
        for fallback in (batch.no_optics, lambda planes: UncalibratedFocus(planes=planes))
    )
    assert [item.state for item in without] == ["waiting", "needs optics", "failed"]
    assert [item.optics_from for item in given] == ["optics.toml", "form", ""]
    assert offer_optics(without[1], lambda planes: LENS, "form").state is State.WAITING


def test_a_damaged_image_that_is_mended_is_solved_the_next_time(tmp_path, plan):
    stack = write_folder(tmp_path / "a", images())
    whole = (stack / "plane2.png").read_bytes()
    break_image(stack)
    items = run_queue(queue_of(stack), plan)
    assert states(items) == {"a": "failed"}
    (stack / "plane2.png").write_bytes(whole)
    assert states(run_queue(items, plan)) == {"a": "done"}


def test_rows_of_other_stacks_stay_as_long_as_their_results(stacks, plan):
    run_queue(queue_of(stacks / "a", stacks / "b", stacks / "c"), plan)
    before = rows_of(plan.output)
    for path in (plan.output / "b").iterdir():
        path.unlink()
    run_queue(queue_of(stacks / "e"), plan)
    rows = rows_of(plan.output)
    assert [row["name"] for row in rows] == ["a", "e"]
    assert rows[0] == before[0]


def test_foreign_files_are_left_alone_and_told_before_the_run(stacks, monkeypatch):
    monkeypatch.setattr(solver, "alternating_minimization", None)
    plan = make_plan(stacks)  # the folder of the stacks themselves
    (item,) = run_queue(queue_of(stacks / "a"), plan)
    assert item.state is State.FAILED
    assert "no part of a result" in item.message
    assert len(list((stacks / "a").iterdir())) == 5


def test_a_summary_that_is_held_open_costs_no_result(stacks, plan):
    (plan.output / SUMMARY_FILE).mkdir(parents=True)  # so that it cannot be replaced
    with pytest.raises(InputError, match=r"batch_summary.csv cannot be written"):
        run_queue(queue_of(stacks / "a", stacks / "b"), plan)
    assert (plan.output / "b" / "depth.npy").is_file()


def test_a_folder_that_cannot_be_written_is_told_first(stacks, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be made in"):
        run_queue(queue_of(stacks), make_plan(tmp_path / "file" / "out"))


def test_leftovers_of_a_killed_run_are_removed(stacks, plan):
    leftover = plan.output / ".a.partial-12345678"
    leftover.mkdir(parents=True)
    run_queue(queue_of(stacks / "a"), plan)
    assert {path.name for path in plan.output.iterdir()} == {"a", SUMMARY_FILE}


def test_a_result_that_lost_a_file_is_told(stacks, plan):
    run_queue(queue_of(stacks / "a"), plan)
    (plan.output / "a" / "outliers.png").unlink()
    (item,) = run_queue(queue_of(stacks / "a"), plan)
    assert item.state is State.FAILED
    assert "is damaged" in item.message


def test_the_depth_range_is_converted_to_the_unit_of_each_stack(tmp_path):
    millimetres = LENS.replace(
        focal_length=50.0,
        aperture_diameter=6.25,
        pixel_pitch=0.06,
        focus_distances=(1000, 1500, 2500, 4000),
        unit="mm",
    )
    paths = [write_folder(tmp_path / "m", images()), write_folder(tmp_path / "mm", images(), millimetres)]
    paths.append(write_folder(tmp_path / "plane", images(), UncalibratedFocus(planes=4, blur_per_plane=1.0)))
    plan = make_plan(tmp_path / "out", settings={"depth_range": (0.9, 5.0)}, range_unit="m")
    items = run_queue(queue_of(*paths), plan)
    assert list(states(items).values()) == ["done", "done", "failed"]
    assert "The depth range is in m, but the depth of this stack is in plane" in items[2].message
    ranges = [load_parameters(plan.output / name)[1].depth_range for name in ("m", "mm")]
    assert ranges[0] == (0.9, 5.0)
    assert ranges[1] == pytest.approx((900, 5000))


def test_a_depth_range_without_a_unit_is_refused(tmp_path):
    with pytest.raises(InputError, match="give the unit of the depth range"):
        make_plan(tmp_path, settings={"depth_range": (0.9, 5.0)})


def test_white_level_of_the_file_is_taken(tmp_path, plan):
    scope = Microscope(numerical_aperture=0.4, pixel_size=0.325, focus_positions=[0, 2, 4, 6])
    assert plan.settings_for(scope, 4095.0).white == 4095.0
    assert make_plan(tmp_path, settings={"white": 255.0}).settings_for(scope, 4095.0).white == 255.0


def test_planes_are_aligned_where_that_is_wanted(tmp_path):
    whole = images(planes=4, side=112)
    moved = np.stack([plane[8 - 2 * k : 104 - 2 * k, 8:104] for k, plane in enumerate(whole)])
    write_folder(tmp_path / "stacks" / "a", moved)
    seen = []
    plan = make_plan(tmp_path / "results", align="translation")
    (item,) = run_queue(queue_of(tmp_path / "stacks"), plan, progress=lambda share, text: seen.append(share))
    assert item.done, item.message
    recorded = json.loads((plan.output / "a" / "parameters.json").read_text())["alignment"]
    shifts = [plane["motion"]["shift_y"] for plane in recorded["planes"]]
    assert np.diff(shifts) == pytest.approx([2, 2, 2], abs=0.3)
    assert recorded["motion"] == "translation"
    assert seen == sorted(seen)
    run_queue([item], make_plan(tmp_path / "plain"))
    aligned, plain = (load_result(folder / "a") for folder in (plan.output, tmp_path / "plain"))
    assert aligned.losses[-1] < 0.5 * plain.losses[-1]
    (item,) = run_queue([item], make_plan(plan.output))
    assert "other settings" in item.message


def test_what_was_not_aligned_is_told_with_the_result(tmp_path):
    write_folder(tmp_path / "stacks" / "a", images(planes=4, side=64))
    plan = make_plan(tmp_path / "results", align="similarity")
    (item,) = run_queue(queue_of(tmp_path / "stacks"), plan)
    saved = json.loads((plan.output / "a" / "parameters.json").read_text())
    assert not saved["alignment"]["changed"]
    assert saved["alignment"]["notes"]
    assert saved["alignment"]["notes"][0].rstrip(".") in item.message


def test_parameters_tell_which_images_were_read(stacks, plan):
    chosen = [stacks / "a" / f"plane{k}.png" for k in range(4)]
    (item,) = run_queue(queue_of(*chosen), plan)
    assert item.name == "a"
    parameters = json.loads((plan.output / "a" / "parameters.json").read_text())
    assert parameters["files"] == [str(path) for path in chosen]
    assert parameters["batch"]["source"] == parameters["files"]
