"""The data sets behind one pair of functions: which scenes there are, and one of them."""

from pathlib import Path

from napari_defocus.datasets import make3d, mobiledepth, nyuv2
from napari_defocus.datasets.scene import DatasetScene
from napari_defocus.errors import InputError

DATASETS = (nyuv2.NAME, make3d.NAME, mobiledepth.NAME)


def scene_keys(dataset: str, data_dir: str | Path, split: str | None = None) -> list[tuple[str, ...]]:
    """Return what names each scene of a split that is on disk, for :func:`load_scene`, in order.

    Parameters
    ----------
    dataset : {"nyuv2", "make3d", "mobiledepth"}
        The data set.
    data_dir : path
        Folder that holds all data sets.
    split : {"train", "test"}, optional
        The split; MobileDepth has none.

    Raises
    ------
    InputError
        If there are none; the message says what to download.
    """
    if dataset == mobiledepth.NAME:
        return [(name,) for name in mobiledepth.scenes(data_dir)]
    split = split or "test"
    if dataset == nyuv2.NAME:
        return [(split, number) for number in nyuv2.numbers(data_dir, split)]
    if dataset == make3d.NAME:
        return [(split, name) for name in make3d.images(data_dir, split)]
    raise _unknown(dataset)


def load_scene(dataset: str, data_dir: str | Path, key: tuple[str, ...]) -> DatasetScene:
    """Load a scene: split and number, split and image, or the name of the scene, by data set.

    Raises
    ------
    InputError
        If a file is missing or damaged.
    """
    if dataset == mobiledepth.NAME:
        return mobiledepth.load_mobiledepth(data_dir, *key)
    if dataset == nyuv2.NAME:
        return nyuv2.load_nyuv2(data_dir, *key)
    if dataset == make3d.NAME:
        return make3d.load_make3d(data_dir, *key)
    raise _unknown(dataset)


def scene_name(dataset: str, key: tuple[str, ...]) -> str:
    """Return the name that the scene of a key will have."""
    if dataset == nyuv2.NAME:
        return f"{key[0]}_{key[1].zfill(4)}"
    if dataset == make3d.NAME:
        return f"{key[0]}_{key[1].removeprefix('img-').removesuffix('.jpg')}"
    return key[0]


def _unknown(dataset: str) -> InputError:
    return InputError(f"There is no data set {dataset!r}; known are {', '.join(DATASETS)}.")
