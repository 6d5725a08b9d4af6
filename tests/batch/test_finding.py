"""Which stacks there are in folders and files, and what they are called."""

import numpy as np
import pytest
import tifffile
from PIL import Image
from queued_stacks import LENS, images, write_folder, write_tiff

from napari_defocus import save_result, solve
from napari_defocus.batch import Item, find_stacks, new_items
from napari_defocus.errors import InputError
from napari_defocus.solver.settings import SolverSettings


def found(*paths, base):
    return [
        tuple(part.name for part in item) if isinstance(item, tuple) else str(item.relative_to(base))
        for item in find_stacks(paths)
    ]


def test_subfolders_of_images_and_files_that_hold_a_stack(tmp_path):
    for name in ("s10", "s2"):
        write_folder(tmp_path / name, images())
    write_tiff(tmp_path / "many.tif", images())
    np.save(tmp_path / "array.npy", images())
    write_tiff(tmp_path / "deep" / "one.ome.tif", images())
    Image.fromarray(images()[0]).save(tmp_path / "preview.png")
    (tmp_path / "notes.txt").write_text("")
    (tmp_path / "empty").mkdir()
    write_folder(tmp_path / "below" / "further", images())  # too deep
    write_folder(tmp_path / ".hidden", images())
    expected = ["array.npy", "many.tif", "deep/one.ome.tif", "s2", "s10"]
    assert found(tmp_path, base=tmp_path) == expected


def test_a_folder_of_images_is_one_stack_whatever_lies_below(tmp_path):
    folder = write_folder(tmp_path / "scene", images())
    write_folder(folder / "truth", images())
    assert found(folder, base=tmp_path) == ["scene"]
    assert found(folder / "optics.toml", base=tmp_path) == ["scene"]


def test_tiffs_of_one_image_are_one_stack_together(tmp_path):
    for k, image in enumerate(images()):
        tifffile.imwrite(tmp_path / f"p{k}.tif", image)
    (tmp_path / "p2.tif").write_bytes(b"II*\0")
    assert find_stacks([tmp_path]) == [tmp_path]


def test_a_damaged_file_among_stacks_is_listed(tmp_path):
    write_tiff(tmp_path / "good.tif", images())
    whole = write_tiff(tmp_path / "cut.tif", images()).read_bytes()
    (tmp_path / "cut.tif").write_bytes(whole[: len(whole) // 2])
    assert found(tmp_path, base=tmp_path) == ["cut.tif", "good.tif"]


def test_single_images_that_are_chosen_are_one_stack(tmp_path):
    one, other = write_folder(tmp_path / "one", images()), write_folder(tmp_path / "other", images())
    chosen = [
        one / "plane3.png",
        one / "plane1.png",
        other / "plane0.png",
        write_tiff(tmp_path / "t.tif", images()),
    ]
    assert found(*chosen, base=tmp_path) == ["t.tif", ("plane1.png", "plane3.png"), "other/plane0.png"]


def test_results_are_no_stacks(tmp_path):
    stack = write_folder(tmp_path / "scene", images())
    save_result(solve(images(), LENS, SolverSettings(epochs=1)), tmp_path / "scene_depth")
    assert find_stacks([tmp_path]) == [stack]


def test_an_empty_folder_and_a_missing_path_are_named(tmp_path):
    with pytest.raises(InputError, match=r"holds no focal stack"):
        find_stacks([tmp_path])
    with pytest.raises(InputError, match=r"There is no file or folder"):
        find_stacks([tmp_path / "nothing"])


def test_names_are_unique_whatever_the_case(tmp_path):
    paths = [tmp_path / "x" / "stack.tif", tmp_path / "y" / "Stack.tif", tmp_path / "y" / "alone.ome.tif"]
    first = new_items(paths)
    assert [item.name for item in first] == ["x_stack", "y_Stack", "alone"]
    more = new_items([paths[2], tmp_path / "z" / "alone.tif", tmp_path / "w" / "z" / "alone.tif"], first)
    assert [item.name for item in more] == ["z_alone", "z_alone_2"]
    assert new_items([paths[0]], [Item("other", tmp_path / "x_stack")])[0].name == "stack"
