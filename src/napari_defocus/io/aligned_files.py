"""Aligned stacks to files."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_defocus import __version__
from napari_defocus.io.parameters import to_json
from napari_defocus.io.result_directory import check_target, partial_directory, resolve_target
from napari_defocus.optics import save_optics

if TYPE_CHECKING:
    from napari_defocus.alignment import AlignmentResult
    from napari_defocus.io.focal_stack import FocalStack

IMAGES_FILE = "aligned.ome.tif"
OPTICS_FILE = "aligned.optics.toml"
REPORT_FILE = "alignment.json"

ALIGNMENT_FILES = frozenset({IMAGES_FILE, OPTICS_FILE, REPORT_FILE})
"""Every name that an aligned stack may have among its files."""


def aligned_stack(stack: "FocalStack", result: "AlignmentResult") -> "FocalStack":
    """Return a stack with its aligned planes, and what was found in its metadata."""
    return replace(stack, images=result.images, metadata=stack.metadata | {"alignment": result.to_dict()})


def save_alignment(
    result: "AlignmentResult", stack: "FocalStack", directory: str | Path, *, overwrite: bool = False
) -> Path:
    """Write an aligned stack to a new directory.

    The files are ``aligned.ome.tif`` (the planes in the type of the input), ``aligned.optics.toml`` where the
    optics are known (found with the images when they are read again) and ``alignment.json``: what was found
    of each plane, which images were read, and what their metadata tell. They are written under another name
    first and moved into place when all are finished; a plane at a time is in memory.

    Parameters
    ----------
    result : AlignmentResult
        What :func:`napari_defocus.align_focal_stack` returned.
    stack : FocalStack
        The stack that was aligned.
    directory : path
        Directory to make, or an empty one.
    overwrite : bool
        Replace an older aligned stack when the directory holds nothing else.

    Returns
    -------
    Path
        The directory, absolute.

    Raises
    ------
    InputError
        If the directory is there already (without `overwrite`), holds other files, or cannot be written.
    """
    target = resolve_target(directory)
    check_target(target, overwrite=overwrite, names=ALIGNMENT_FILES)
    with partial_directory(target, ALIGNMENT_FILES) as partial:
        _write_images(result, stack, partial / IMAGES_FILE)
        if stack.optics is not None:
            save_optics(stack.optics, partial / OPTICS_FILE)
        report = result.to_dict() | {
            "source": stack.source,
            "metadata": stack.metadata,
            "napari_defocus": __version__,
        }
        (partial / REPORT_FILE).write_text(to_json(report), "utf-8")
    return target


def _write_images(result: "AlignmentResult", stack: "FocalStack", path: Path) -> None:
    import tifffile

    images = result.images

    def planes() -> Iterator[NDArray[Any]]:
        for index in range(len(images)):
            yield np.ascontiguousarray(images[index])

    tifffile.imwrite(
        path,
        planes(),
        shape=images.shape,
        dtype=images.dtype,
        ome=True,
        photometric="rgb" if stack.rgb else "minisblack",
        compression="zlib",
        metadata={"axes": "ZYXS" if stack.rgb else "ZYX", "Name": stack.name, **_sizes(stack)},
    )


def _sizes(stack: "FocalStack") -> dict[str, Any]:
    """Return OME's sizes of a pixel and a step in the object, which a microscope alone has."""
    from napari_defocus.optics import Microscope
    from napari_defocus.optics.base import median_step

    if not isinstance(stack.optics, Microscope):
        return {}
    unit = "µm" if stack.optics.unit == "um" else stack.optics.unit
    pixel, step = stack.optics.pixel_size, median_step(stack.optics.focus_positions)
    sizes: dict[str, Any] = {"PhysicalSizeX": pixel, "PhysicalSizeY": pixel, "PhysicalSizeZ": step}
    return sizes | {f"{name}Unit": unit for name in sizes}
