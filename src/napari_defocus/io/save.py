"""Results to files."""

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from napari_defocus.io.parameters import PARAMETERS_FILE, parameters_dict, to_json
from napari_defocus.io.result_directory import (
    CHANNELS_FOLDER,
    check_target,
    partial_directory,
    resolve_target,
)
from napari_defocus.io.tiff_writing import physical_sizes, write_depth_tiff, write_image_tiff

if TYPE_CHECKING:
    from napari_defocus.solver.result import DefocusResult


def save_result(
    result: "DefocusResult",
    directory: str | Path,
    *,
    images_dtype: DTypeLike | None = None,
    overwrite: bool = False,
    extra_parameters: Mapping[str, Any] | None = None,
    save_plots: bool = False,
    truth: ArrayLike | None = None,
    metrics: Mapping[str, float] | None = None,
    channels: Mapping[str, ArrayLike] | None = None,
    write_more: Callable[[Path], object] | None = None,
) -> Path:
    """Write a result to a new directory.

    The files are ``depth.npy`` and ``depth.tif`` (float32, unit in the description, OME), the all-in-focus
    image, ``outliers.png`` (255: outlier), ``confidence.tif``, ``losses.csv`` (where there are losses),
    ``parameters.json``, ``metrics.json`` (where there are metrics) and plots. They are written to a
    directory of another name first and moved into place when all are finished.

    Parameters
    ----------
    result : DefocusResult
        What a solver returned.
    directory : path
        Directory to make, or an empty one; missing parents are made too, symbolic links are followed.
    images_dtype : dtype, optional
        Type of the input images, which that of the all-in-focus image follows: uint8 gives an 8-bit PNG,
        uint16 a 16-bit PNG (grey) or TIFF (colour), all else and None a float32 TIFF.
    overwrite : bool
        Replace the files of an older result when the directory holds nothing else.
    extra_parameters : mapping, optional
        Further entries of ``parameters.json``, such as the source.
    save_plots : bool
        Draw depth, all-in-focus image, surface and losses, and with a truth the comparison with it and the
        worst pixels (needs matplotlib).
    truth : array_like (Y, X), optional
        True depth, to measure the result against.
    metrics : mapping, optional
        Further entries of ``metrics.json``.
    channels : mapping, optional
        All-in-focus images (Y, X[, 3]) of further channels by their names, for the folder ``channels``.
    write_more : callable, optional
        Called with the directory before it is moved into place, to write further files; their names must be
        among :data:`~napari_defocus.io.result_directory.RESULT_FILES`. What it raises leaves no result.

    Returns
    -------
    Path
        The directory, absolute.

    Raises
    ------
    InputError
        If the directory is there already (without `overwrite`), holds other files, or cannot be written.
        Where the finished files cannot be moved, they are kept and the message tells where.
    """
    target = resolve_target(directory)
    check_target(target, overwrite=overwrite)
    if save_plots:
        from napari_defocus.io.plots import check_matplotlib

        check_matplotlib()
    measured = _measured(result, truth, metrics)
    with partial_directory(target) as partial:
        _write_images(result, partial, images_dtype)
        if channels:
            (partial / CHANNELS_FOLDER).mkdir()
            for name, image in channels.items():
                stem = partial / CHANNELS_FOLDER / file_name(name)
                _write_in_focus(image, stem, images_dtype, pixel_sizes(result.parameters))
        known = {} if images_dtype is None else {"images_dtype": str(np.dtype(images_dtype))}
        _write_texts(result, partial, known | dict(extra_parameters or {}), measured)
        if save_plots:
            from napari_defocus.io.plots import save_result_plots

            save_result_plots(result, partial)
            if truth is not None:
                from napari_defocus.io.truth_plots import save_truth_plots

                save_truth_plots(result, truth, partial)
        if write_more is not None:
            write_more(partial)
    return target


def _write_images(result: "DefocusResult", directory: Path, images_dtype: DTypeLike | None) -> None:
    from PIL import Image

    sizes = pixel_sizes(result.parameters)
    np.save(directory / "depth.npy", np.ascontiguousarray(result.depth, np.float32))
    write_depth_tiff(directory / "depth.tif", result.depth, result.unit, sizes)
    confidence = np.ascontiguousarray(result.confidence, np.float32)
    write_image_tiff(directory / "confidence.tif", confidence, "Confidence, 0 to 1", sizes)
    Image.fromarray(np.asarray(result.outliers, bool).astype(np.uint8) * np.uint8(255)).save(
        directory / "outliers.png"
    )
    _write_in_focus(result.all_in_focus, directory / "all_in_focus", images_dtype, sizes)


def _write_in_focus(image: ArrayLike, stem: Path, dtype: DTypeLike | None, sizes: dict[str, Any]) -> None:
    """Write an all-in-focus image in the type of the input images; `stem` has no suffix yet."""
    from PIL import Image

    pixels = quantise(image, dtype)
    rgb = pixels.ndim == 3
    if pixels.dtype == np.uint8 or (pixels.dtype == np.uint16 and not rgb):
        Image.fromarray(pixels).save(stem.with_name(f"{stem.name}.png"))
    else:
        write_image_tiff(stem.with_name(f"{stem.name}.tif"), pixels, "All-in-focus image", sizes, rgb=rgb)


def file_name(title: str) -> str:
    """Return a title, such as the name of a layer, as the name of a file or folder."""
    return "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in title)


def quantise(image: ArrayLike, dtype: DTypeLike | None) -> NDArray[Any]:
    """Return an image in [0, 1] as uint8 or uint16 if `dtype` is one (rounded, clipped), else as float32."""
    image = np.asarray(image, np.float32)
    dtype = None if dtype is None else np.dtype(dtype).newbyteorder("=")
    if dtype not in (np.uint8, np.uint16):
        return np.ascontiguousarray(image)
    white = np.iinfo(dtype).max
    levels = np.rint(np.clip(np.nan_to_num(image), 0.0, 1.0).astype(np.float64) * white)
    return np.asarray(levels, dtype)


def pixel_sizes(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return OME's size of a pixel in the object plane, which a microscope alone has."""
    optics = parameters.get("optics") or {}
    size = optics.get("pixel_size")
    return {} if size is None else physical_sizes({"X": size, "Y": size}, optics.get("unit"))


def _write_texts(
    result: "DefocusResult",
    directory: Path,
    extra_parameters: dict[str, Any],
    metrics: Mapping[str, float],
) -> None:
    parameters = parameters_dict(result, extra_parameters)
    (directory / PARAMETERS_FILE).write_text(to_json(parameters), "utf-8")
    if metrics:
        (directory / "metrics.json").write_text(to_json(dict(metrics)), "utf-8")
    if result.losses:
        with (directory / "losses.csv").open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(["half_step", "epoch", "step", "loss"])
            for index, loss in enumerate(result.losses):
                step = "initialization" if index == 0 else ("aif", "depth")[index % 2]
                writer.writerow([index, (index + 1) // 2, step, repr(float(loss))])


def _measured(
    result: "DefocusResult", truth: ArrayLike | None, metrics: Mapping[str, float] | None
) -> dict[str, float]:
    measured: dict[str, float] = {}
    if truth is not None:
        from napari_defocus.metrics import depth_metrics

        measured = depth_metrics(result.depth, truth)
    return measured | dict(metrics or {})
