import csv
import json
import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from PIL import Image

import napari_defocus
from napari_defocus.errors import InputError
from napari_defocus.io import load_parameters, save_result
from napari_defocus.io import save as save_module
from napari_defocus.io.result_directory import HALF_STEPS_FOLDER, RESULT_FILES, check_target
from napari_defocus.io.save import quantise
from napari_defocus.optics import Microscope, ThinLens, UncalibratedFocus
from napari_defocus.solver.result import DefocusResult
from napari_defocus.solver.settings import SolverSettings

LENS = ThinLens.from_camera(50, 8, 12, [1, 1.5, 2.5, 4])
SCOPE = Microscope(numerical_aperture=0.4, pixel_size=0.325, focus_positions=[0, 2, 4, 6])
OPTICS = [LENS, SCOPE, UncalibratedFocus(planes=4, blur_per_plane=1.5)]


def make_result(rng, optics=SCOPE, rgb=False, method="defocus"):
    shape = (20, 30)
    defocus = method == "defocus"
    return DefocusResult(
        depth=rng.uniform(1, 4, shape).astype(np.float32),
        all_in_focus=rng.random((*shape, 3) if rgb else shape, dtype=np.float32),
        outliers=rng.random(shape) < 0.1,
        confidence=rng.random(shape, dtype=np.float32),
        losses=(0.5, 0.25, 0.125, 0.12, 0.1) if defocus else (),
        unit=optics.depth_unit,
        method=method,
        parameters={"optics": optics.to_dict(), "settings": SolverSettings(epochs=2).to_dict()}
        if defocus
        else {"positions": np.arange(4.0), "window": 3},
        notes=("one note",),
    )


@pytest.fixture
def result(rng):
    return make_result(rng)


def names(directory):
    return sorted(path.name for path in Path(directory).iterdir())


def test_files_hold_the_result(result, tmp_path):
    directory = save_result(result, tmp_path / "new" / "out", images_dtype="uint8")
    assert directory == tmp_path / "new" / "out"
    assert names(directory.parent) == ["out"]
    assert names(directory) == [
        "all_in_focus.png",
        "confidence.tif",
        "depth.npy",
        "depth.tif",
        "losses.csv",
        "outliers.png",
        "parameters.json",
    ]
    np.testing.assert_array_equal(np.load(directory / "depth.npy"), result.depth)
    np.testing.assert_array_equal(tifffile.imread(directory / "depth.tif"), result.depth)
    np.testing.assert_array_equal(tifffile.imread(directory / "confidence.tif"), result.confidence)
    np.testing.assert_array_equal(np.asarray(Image.open(directory / "outliers.png")) == 255, result.outliers)
    with (directory / "losses.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["loss"]) for row in rows] == list(result.losses)
    assert [(row["half_step"], row["epoch"], row["step"]) for row in rows] == [
        ("0", "0", "initialization"),
        ("1", "1", "depth"),
        ("2", "1", "aif"),
        ("3", "2", "depth"),
        ("4", "2", "aif"),
    ]


def test_depth_tells_its_unit_and_the_size_of_its_pixels(result, tmp_path):
    path = save_result(result, tmp_path / "out") / "depth.tif"
    with tifffile.TiffFile(path) as tif:
        xml = tif.ome_metadata
        assert tif.pages.first.dtype == np.float32
    assert "Depth in um" in xml
    assert 'PhysicalSizeX="0.325"' in xml
    assert 'PhysicalSizeYUnit="µm"' in xml


def test_camera_depth_has_no_size_of_pixels(rng, tmp_path):
    path = save_result(make_result(rng, LENS), tmp_path / "out") / "depth.tif"
    with tifffile.TiffFile(path) as tif:
        assert "Depth in m<" in tif.ome_metadata
        assert "PhysicalSize" not in tif.ome_metadata


@pytest.mark.parametrize(
    ("dtype", "rgb", "name", "stored"),
    [
        ("uint8", False, "all_in_focus.png", np.uint8),
        ("uint8", True, "all_in_focus.png", np.uint8),
        ("uint16", False, "all_in_focus.png", np.uint16),
        ("uint16", True, "all_in_focus.tif", np.uint16),
        (">u2", False, "all_in_focus.png", np.uint16),
        (">u2", True, "all_in_focus.tif", np.uint16),
        ("float32", False, "all_in_focus.tif", np.float32),
        ("float64", True, "all_in_focus.tif", np.float32),
        (None, True, "all_in_focus.tif", np.float32),
    ],
)
def test_all_in_focus_follows_the_input(rng, tmp_path, dtype, rgb, name, stored):
    result = make_result(rng, rgb=rgb)
    directory = save_result(result, tmp_path / "out", images_dtype=dtype)
    assert [item for item in names(directory) if item.startswith("all_in_focus")] == [name]
    path = directory / name
    image = np.asarray(Image.open(path)) if path.suffix == ".png" else tifffile.imread(path)
    assert image.dtype == stored
    white = np.iinfo(stored).max if np.issubdtype(stored, np.integer) else 1
    np.testing.assert_allclose(image / white, result.all_in_focus, atol=0.5001 / white if white > 1 else 0)


@given(npst.arrays(np.uint16, st.tuples(st.integers(1, 4), st.integers(1, 4))), st.sampled_from(["u1", "u2"]))
def test_levels_survive_the_unit_range(levels, dtype):
    levels = levels.astype(dtype)
    image = (levels / np.iinfo(dtype).max).astype(np.float32)
    np.testing.assert_array_equal(quantise(image, dtype), levels)


def test_levels_are_clipped_not_wrapped():
    np.testing.assert_array_equal(quantise([[-0.5, 1.5, np.nan]], np.uint8), [[0, 255, 0]])


@pytest.mark.parametrize("optics", OPTICS, ids=lambda optics: optics.kind)
@pytest.mark.parametrize("as_file", [False, True])
def test_parameters_come_back(rng, tmp_path, optics, as_file):
    directory = save_result(make_result(rng, optics), tmp_path / "out")
    loaded = load_parameters(directory / "parameters.json" if as_file else directory)
    assert loaded == (optics, SolverSettings(epochs=2))


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    epochs=st.integers(1, 1000),
    near=st.floats(0.01, 10),
    span=st.floats(0.01, 100),
    white=st.none() | st.floats(1e-3, 1e5),
    kernel=st.sampled_from([None, "proportional", 11]),
)
def test_any_settings_come_back(tmp_path, epochs, near, span, white, kernel):
    wanted = SolverSettings(
        epochs=epochs,
        depth_range=(near, near + span),
        white=white,
        kernel_size=kernel,
        initialization="focus",
    )
    result = make_result(np.random.default_rng(0))
    result = replace(result, parameters={"optics": LENS.to_dict(), "settings": wanted.to_dict()})
    assert load_parameters(save_result(result, tmp_path / "out", overwrite=True)) == (LENS, wanted)


def test_parameters_file_tells_the_run(result, tmp_path):
    extra = {"source": Path("/data/stack"), "shape": (4, 20, 30), "method": "mine", "bad": np.float32("nan")}
    directory = save_result(result, tmp_path / "out", extra_parameters=extra)
    values = json.loads((directory / "parameters.json").read_text())
    assert values["napari_defocus"] == napari_defocus.__version__
    assert (values["method"], values["unit"], values["notes"]) == ("defocus", "um", ["one note"])
    assert (values["source"], values["shape"], values["bad"]) == (str(Path("/data/stack")), [4, 20, 30], None)


def test_depth_from_focus(rng, tmp_path):
    directory = save_result(make_result(rng, method="focus"), tmp_path / "out")
    assert "losses.csv" not in names(directory)
    values = json.loads((directory / "parameters.json").read_text())
    assert (values["positions"], values["window"]) == ([0, 1, 2, 3], 3)
    with pytest.raises(InputError, match="is of a run of depth from focus"):
        load_parameters(directory)


def test_metrics_where_the_truth_is_known(result, tmp_path):
    truth = result.depth + np.float32(0.5)
    directory = save_result(result, tmp_path / "out", truth=truth, metrics={"aif_psnr": np.inf, "other": 2})
    metrics = json.loads((directory / "metrics.json").read_text())
    assert metrics["rmse"] == pytest.approx(0.5, rel=1e-6)
    assert (metrics["other"], metrics["aif_psnr"], metrics["pixels"]) == (2, None, 600)


def test_wrong_truth_leaves_nothing_behind(result, tmp_path):
    with pytest.raises(InputError, match="truth"):
        save_result(result, tmp_path / "out", truth=np.zeros((3, 3)))
    assert names(tmp_path) == []


class TestTarget:
    def test_existing_directory_is_refused(self, result, tmp_path):
        save_result(result, tmp_path / "out")
        before = (tmp_path / "out" / "depth.npy").stat().st_mtime_ns
        with pytest.raises(InputError, match="out is there already; choose another, or ask to overwrite"):
            save_result(result, tmp_path / "out")
        assert (tmp_path / "out" / "depth.npy").stat().st_mtime_ns == before

    def test_empty_directory_is_taken(self, result, tmp_path):
        (tmp_path / "out").mkdir()
        save_result(result, tmp_path / "out")
        assert "depth.npy" in names(tmp_path / "out")

    def test_overwrite_replaces_the_whole_result(self, rng, result, tmp_path):
        save_result(result, tmp_path / "out", images_dtype="uint8", truth=result.depth)
        other = make_result(rng, rgb=True)
        save_result(other, tmp_path / "out", images_dtype="uint16", overwrite=True)
        assert names(tmp_path) == ["out"]
        held = names(tmp_path / "out")
        assert "all_in_focus.tif" in held
        assert not {"all_in_focus.png", "metrics.json"} & set(held)
        np.testing.assert_array_equal(np.load(tmp_path / "out" / "depth.npy"), other.depth)

    def test_mounted_volume_is_written_to_but_not_replaced(self, result, tmp_path, monkeypatch):
        volume = tmp_path / "volume"
        (volume / "lost+found").mkdir(parents=True)
        replace_whole = os.replace

        def busy(source, target):
            if volume in (Path(source), Path(target)):
                raise OSError(16, "Device or resource busy")
            replace_whole(source, target)

        monkeypatch.setattr(os, "replace", busy)
        for k in range(2):
            save_result(result, volume, overwrite=bool(k))
            np.testing.assert_array_equal(np.load(volume / "depth.npy"), result.depth)
        assert set(names(volume)) <= RESULT_FILES | {"lost+found"}
        assert names(tmp_path) == ["volume"]

    @pytest.mark.parametrize("there", [False, True])
    def test_symbolic_link_is_followed(self, result, tmp_path, there):
        disk, link = tmp_path / "disk", tmp_path / "link"
        disk.mkdir()
        (disk / "out").mkdir() if there else None
        link.symlink_to(disk / "out", target_is_directory=True)
        for k in range(2):
            assert save_result(result, link, overwrite=bool(k)) == disk / "out"
        assert link.is_symlink()
        assert "depth.npy" in names(disk / "out")
        assert (names(disk), names(tmp_path)) == (["out"], ["disk", "link"])

    @pytest.mark.parametrize("path", ["~nobody-of-this-name/out", "loop/out"])
    def test_path_that_leads_nowhere(self, result, tmp_path, path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "loop").symlink_to("loop")
        with pytest.raises(InputError, match="cannot be written"):
            save_result(result, path)

    def test_overwrite_never_takes_other_files_away(self, result, tmp_path):
        (tmp_path / "photos").mkdir()
        (tmp_path / "photos" / "holiday.jpg").write_bytes(b"dear")
        with pytest.raises(InputError, match=r"holds holiday\.jpg, which is no part of a result"):
            save_result(result, tmp_path / "photos", overwrite=True)
        assert (tmp_path / "photos" / "holiday.jpg").read_bytes() == b"dear"

    def test_file_in_the_way(self, result, tmp_path):
        (tmp_path / "out").write_text("a file")
        with pytest.raises(InputError, match="is a file"):
            save_result(result, tmp_path / "out", overwrite=True)
        with pytest.raises(InputError, match="cannot be written"):
            save_result(result, tmp_path / "out" / "deeper")

    def test_check_before_a_run(self, result, tmp_path):
        check_target(tmp_path / "out")
        save_result(result, tmp_path / "out")
        with pytest.raises(InputError, match="there already"):
            check_target(tmp_path / "out")
        check_target(tmp_path / "out", overwrite=True)

    def test_all_names_are_known_as_ours(self, rng, tmp_path):
        for k, dtype in enumerate(("uint8", None)):
            result = make_result(rng)
            save_result(
                result,
                tmp_path / str(k),
                images_dtype=dtype,
                save_plots=True,
                truth=result.depth,
                channels={"channel 1": result.all_in_focus},
                write_more=lambda folder: (folder / HALF_STEPS_FOLDER).mkdir(),
            )
        written = set(names(tmp_path / "0")) | set(names(tmp_path / "1"))
        assert written == set(RESULT_FILES)


class TestInterrupted:
    """Whatever happens while writing, the target is as before and nothing else is left."""

    @pytest.mark.parametrize(
        "error", [KeyboardInterrupt, OSError(28, "No space left on device"), MemoryError]
    )
    @pytest.mark.parametrize("old", [False, True])
    def test_while_writing(self, result, tmp_path, monkeypatch, error, old):
        if old:
            save_result(result, tmp_path / "out")

        def fail(*args):
            raise error

        monkeypatch.setattr(save_module, "_write_texts", fail)
        expected = InputError if isinstance(error, OSError) else error
        with pytest.raises(expected):
            save_result(result, tmp_path / "out", overwrite=True)
        assert names(tmp_path) == (["out"] if old else [])
        if old:
            np.testing.assert_array_equal(np.load(tmp_path / "out" / "depth.npy"), result.depth)

    @pytest.mark.parametrize("old", [False, True])
    def test_while_moving(self, rng, result, tmp_path, monkeypatch, old):
        """The old result stays, and the new one is kept where the message says."""
        if old:
            save_result(result, tmp_path / "out")

        def fail(source, target):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(os, "replace", fail)
        new = make_result(rng)
        with pytest.raises(InputError, match=r"finished but cannot be moved .*Permission denied") as caught:
            save_result(new, tmp_path / "out", overwrite=True)
        kept = Path(re.search(r"take the files from (.*)\.$", str(caught.value))[1])
        np.testing.assert_array_equal(np.load(kept / "depth.npy"), new.depth)
        assert "parameters.json" in names(kept)
        if old:
            np.testing.assert_array_equal(np.load(tmp_path / "out" / "depth.npy"), result.depth)
            monkeypatch.undo()
            save_result(new, tmp_path / "out", overwrite=True)  # what was kept is not in the way
            np.testing.assert_array_equal(np.load(tmp_path / "out" / "depth.npy"), new.depth)

    def test_the_old_result_stays_until_the_new_is_whole(self, rng, result, tmp_path, monkeypatch):
        save_result(result, tmp_path / "out", images_dtype="uint8")
        before = names(tmp_path / "out")
        seen = []
        replace_whole = os.replace

        def watch(source, target):
            held = [name for name in names(tmp_path / "out") if not name.startswith(".")]
            seen.append((Path(source).name, names(Path(source).parent), held))
            replace_whole(source, target)

        monkeypatch.setattr(os, "replace", watch)
        save_result(make_result(rng), tmp_path / "out", overwrite=True)
        after = names(tmp_path / "out")
        assert seen[0][1:] == (after, before)
        assert seen[-1][0] == "parameters.json"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot be read"),
        ("{", "not valid JSON"),
        ("[1, 2]", "holds no optics and settings"),
        ('{"optics": {"kind": "x"}, "settings": {}}', "kind"),
        ('{"optics": {"kind": "uncalibrated", "planes": 4}, "settings": {"speed": 1}}', "'speed'"),
        ('{"optics": {"kind": "uncalibrated", "planes": 4}, "settings": {"epochs": -1}}', "epochs"),
    ],
)
def test_bad_parameter_files(tmp_path, text, message):
    path = tmp_path / "parameters.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        load_parameters(path)
    assert "parameters.json" in str(caught.value)
