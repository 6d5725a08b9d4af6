"""TIFF files: single pages, and stacks of pages (plain, ImageJ, OME)."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from napari_defocus.errors import InputError
from napari_defocus.io.exif import NUMBERS
from napari_defocus.io.files import FORMATS, ImageFile
from napari_defocus.io.image_files import refuse_colour
from napari_defocus.io.planes import Plane, check_dtype, check_plane_count, orient, oriented_shape

_ORIENTATION = 274
_EXIF_IFD = 34665
_CAMERA_TAGS = (271, 272)  # make and model
_MAX_TAGS = 4096


@dataclass(frozen=True)
class TiffStack:
    """The planes of a TIFF file and the text that tells about them.

    Attributes
    ----------
    planes : list of Plane
        One for each focus setting.
    ome : str, optional
        OME-XML.
    imagej : dict
        ImageJ's metadata, with ``pixels_per_unit`` from the resolution tag.
    """

    planes: list[Plane]
    ome: str | None = None
    imagej: dict[str, Any] = field(default_factory=dict)


@contextmanager
def _opened(file: ImageFile) -> Iterator[tifffile.TiffFile]:
    """Open a TIFF; any error of the parser on what is damaged becomes an :class:`InputError`."""
    try:
        with tifffile.TiffFile(file.seekable()) as tif:
            yield tif
    except (InputError, FileNotFoundError, MemoryError):
        raise
    except Exception as error:  # of many kinds
        raise InputError(
            f"{file.name} is damaged or cut off, or not a {FORMATS} image ({error}); "
            "copy it again or move it elsewhere."
        ) from None


def count_images(file: ImageFile) -> int:
    """Return how many images a TIFF holds (thumbnails do not count).

    Raises
    ------
    InputError
        If the file is damaged.
    """
    with _opened(file) as tif:
        check_complete(tif, file.name)
        full = [page for page in tif.pages if not getattr(page, "is_reduced", False)]
        if len(full) != 1 or not tif.imagej_metadata:
            return len(full)
        return int(tif.imagej_metadata.get("images", 1))  # beyond 4 GB ImageJ writes one page entry for all


def read_page(file: ImageFile) -> Plane:
    """Read the header of a TIFF with a single image (thumbnails do not count).

    Raises
    ------
    InputError
        If the file is cut off, holds several images, or neither grey nor RGB.
    """
    with _opened(file) as tif:
        check_complete(tif, file.name)
        count = len(tif.pages)
        full = [page for page in tif.pages if not getattr(page, "is_reduced", False)]
        if len(full) != 1:
            raise InputError(
                f"{file.name} holds {count} images; a folder or list takes one image a file, "
                "so give this file alone or split it."
            )
        return _plane(file, full[0], file.name)


def read_tiff_stack(file: ImageFile) -> TiffStack:
    """Read the headers of a TIFF of several pages.

    Raises
    ------
    InputError
        If the file is cut off, has one image only, images of several sizes, or more than one axis besides the
        two of the image.
    """
    with _opened(file) as tif:
        check_complete(tif, file.name)
        series = [item for item in tif.series if not getattr(item.keyframe, "is_reduced", False)]
        if len(series) != 1:
            raise _several_series(file.name, series)
        count = _plane_count(file.name, series[0])
        return TiffStack(
            planes=_series_planes(file, series[0], count),
            ome=tif.ome_metadata,
            imagej=_imagej(tif),
        )


def check_complete(tif: tifffile.TiffFile, name: str) -> None:
    """Raise :class:`InputError` when the chain of pages leads beyond the end of the file.

    tifffile gives the pages before the cut and only logs the rest.
    """
    layout, handle = tif.tiff, tif.filehandle

    def number(offset: int, size: int) -> int:
        handle.seek(offset)
        content = handle.read(size)
        if len(content) < size:
            raise InputError(f"{name} is cut off: it announces more pages than it holds; copy it again.")
        return int.from_bytes(content, "little" if tif.byteorder == "<" else "big")

    visited: set[int] = set()
    page = number(8 if layout.is_bigtiff else 4, layout.offsetsize)
    while page and page not in visited:
        visited.add(page)
        tags = number(page, layout.tagnosize)
        if tags > _MAX_TAGS:  # no page; tifffile stops here, too
            return
        page = number(page + layout.tagnosize + tags * layout.tagsize, layout.offsetsize)


def _several_series(name: str, series: list[tifffile.TiffPageSeries]) -> InputError:
    sizes = [f"{item.keyframe.imagewidth} x {item.keyframe.imagelength}" for item in series]
    differing = list(dict.fromkeys(sizes))
    if len(differing) > 1:
        return InputError(
            f"{name} holds images of different sizes ({differing[0]} and {differing[1]} pixels); "
            "all images of a focal stack must have the same size."
        )
    return InputError(f"{name} holds {len(series)} separate series of images; save one of them by itself.")


def _plane_count(name: str, series: tifffile.TiffPageSeries) -> int:
    """Return the number of planes along the one axis that a stack may have besides the image's."""
    axes = [
        (axis, size)
        for axis, size in zip(series.axes, series.shape, strict=True)
        if axis not in "YXS" and size > 1
    ]
    if len(axes) > 1:
        listing = " x ".join(f"{axis} {size}" for axis, size in axes)
        raise InputError(
            f"{name} has {len(axes)} axes besides the image's ({listing}); "
            "save one channel at one time point, with the focus axis alone."
        )
    count = axes[0][1] if axes else 1
    check_plane_count(count, name)
    return count


def _series_planes(file: ImageFile, series: tifffile.TiffPageSeries, count: int) -> list[Plane]:
    if len(series.pages) == 1 and series.dataoffset is not None:
        # One page entry for the whole stack, as ImageJ writes beyond 4 GB.
        first = _plane(file, series.keyframe, file.name)
        return [
            replace(first, name=f"{file.name} (plane {k})", load=partial(_load_contiguous, file, k))
            for k in range(count)
        ]
    if len(series.pages) != count:
        raise InputError(f"{file.name} has a page layout that is not supported; save one image a page.")
    planes = []
    for k, page in enumerate(series.pages):
        if page is None:
            raise InputError(f"{file.name} lacks plane {k}; copy all files of the data set together.")
        planes.append(_plane(_owner(file, page), page, f"{file.name} (plane {k})", series.keyframe))
    return planes


def _owner(file: ImageFile, page: Any) -> ImageFile:
    """Return the file that holds a page; an OME data set may spread over several."""
    if file.member is not None or page.parent.filehandle.path == str(file.path):
        return file
    return ImageFile(Path(page.parent.filehandle.path))


def _plane(file: ImageFile, page: Any, name: str, keyframe: Any = None) -> Plane:
    key = page if keyframe is None else keyframe
    shape, dtype, white = _layout(key, name)
    orientation = key.tags.valueof(_ORIENTATION, 1)
    exif = {tag.code: tag.value for tag in key.tags if tag.code in _CAMERA_TAGS}
    camera = key.tags.valueof(_EXIF_IFD)
    if isinstance(camera, dict):
        exif |= {number: camera[name] for name, number in NUMBERS.items() if name in camera}
    load = partial(_load_page, file, page.index)
    return Plane(name, oriented_shape(shape, orientation), dtype, load, exif, white)


def _layout(page: Any, name: str) -> tuple[tuple[int, ...], np.dtype[Any], float | None]:
    """Return shape, type and white level of a page after :func:`_convert`, or refuse it."""
    kind, samples = page.photometric, page.samplesperpixel
    names = tifffile.PHOTOMETRIC
    if kind == names.SEPARATED:
        raise refuse_colour(name, "an image with the colour model CMYK")
    if kind not in (names.MINISBLACK, names.MINISWHITE, names.RGB, names.PALETTE, names.YCBCR):
        raise refuse_colour(name, "an image with a colour model that is not supported")
    colour = kind in (names.RGB, names.YCBCR)
    if samples != (3 if colour else 1):
        what = "an image with transparency" if samples in (2, 4) else f"an image with {samples} channels"
        raise refuse_colour(name, what)
    if page.dtype is None or page.axes not in ("YX", "YXS", "SYX"):
        raise InputError(f"{name} has a page layout that is not supported; save one image a page.")
    shape: tuple[int, ...] = (page.imagelength, page.imagewidth)
    if colour or kind == names.PALETTE:
        shape = (*shape, 3)
    dtype = page.dtype.newbyteorder("=")
    if dtype.kind == "b" or kind == names.PALETTE:
        return shape, np.dtype(np.uint8), None
    check_dtype(dtype, name)
    bits = page.bitspersample
    white = float(2**bits - 1) if dtype.kind == "u" and bits < 8 * dtype.itemsize else None
    return shape, dtype, white


def _convert(page: Any, pixels: NDArray[Any]) -> NDArray[Any]:
    """Make stored values intensities: colours last, white high, native byte order, upright."""
    kind, names = page.photometric, tifffile.PHOTOMETRIC
    if page.axes == "SYX":
        pixels = np.moveaxis(pixels, 0, -1)
    if pixels.dtype.kind == "b":
        pixels = pixels.astype(np.uint8) * np.uint8(255)
    if kind == names.PALETTE:
        pixels = (page.colormap >> 8).astype(np.uint8).T[pixels]
    elif kind == names.MINISWHITE and pixels.dtype.kind == "u":
        white = 255 if page.bitspersample == 1 else 2**page.bitspersample - 1
        pixels = pixels.dtype.type(white) - pixels
    pixels = pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    return orient(pixels, page.tags.valueof(_ORIENTATION, 1))


def _load_page(file: ImageFile, index: int) -> NDArray[Any]:
    with _opened(file) as tif:
        page = tif.pages[index]
        ends = (offset + size for offset, size in zip(page.dataoffsets, page.databytecounts, strict=True))
        if max(ends, default=0) > tif.filehandle.size:
            raise OSError("its pixels go on beyond the end of the file")
        return _convert(page.keyframe, page.asarray())


def _load_contiguous(file: ImageFile, plane: int) -> NDArray[Any]:
    with _opened(file) as tif:
        series: Any = tif.series[0]
        page = series.keyframe
        count = math.prod(page.shape)
        offset = series.dataoffset + plane * count * page.dtype.itemsize
        dtype = page.dtype.newbyteorder(tif.byteorder)
        pixels = tif.filehandle.read_array(dtype, count, offset)
        return _convert(page, pixels.reshape(page.shape))


def _imagej(tif: tifffile.TiffFile) -> dict[str, Any]:
    values = dict(tif.imagej_metadata or {})
    resolution = tif.pages.first.tags.valueof("XResolution") if values else None
    if resolution and resolution[1]:
        values["pixels_per_unit"] = resolution[0] / resolution[1]
    return values
