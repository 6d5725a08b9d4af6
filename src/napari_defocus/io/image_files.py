"""PNG, JPEG and BMP files: headers without pixels, then pixels."""

import struct
import warnings
from collections.abc import Callable
from functools import partial
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_defocus.errors import InputError
from napari_defocus.io.files import FORMATS, ImageFile
from napari_defocus.io.planes import Plane, orient, oriented_shape

if TYPE_CHECKING:
    from PIL import ImageFile as PillowFile

_SIGNATURES = {b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG", b"BM": "BMP"}
_ORIENTATION = 274
_EXIF_IFD = 34665


def refuse_colour(name: str, what: str) -> InputError:
    """Return the error for a colour model that a focal stack cannot have."""
    return InputError(f"{name} is {what}; save it as grey or RGB without transparency.")


def read_plane(file: ImageFile) -> Plane:
    """Read the header of a PNG, JPEG or BMP file.

    Raises
    ------
    InputError
        If it is no such image, or neither grey nor RGB.
    """
    try:
        with file.open() as stream:
            kind = _kind(stream.read(4))
            if kind is None:
                raise InputError(
                    f"{file.name} is damaged or not a {FORMATS} image; copy it again or move it elsewhere."
                )
            with _opened(kind, stream) as image:
                exif = _exif(image.info.get("exif"))
                mode, info, (width, height) = image.mode, image.info, image.size
            if kind == "PNG":
                bits, colour = _png_header(stream)
    except (InputError, MemoryError):
        raise
    except Exception as error:  # of many kinds, from the plugins and from archives
        raise InputError(f"{file.name} cannot be read ({error}); copy it again or leave it out.") from None

    orientation = exif.get(_ORIENTATION, 1)
    if kind == "PNG":
        if colour in (4, 6) or "transparency" in info:
            raise refuse_colour(file.name, "an image with transparency")
        channels = 3 if colour in (2, 3) else 1
        dtype = np.dtype(np.uint16 if bits == 16 else np.uint8)
        load = partial(_load_png, file, orientation)
    else:
        if mode not in ("L", "RGB", "P", "1"):
            raise refuse_colour(file.name, f"an image with the colour model {mode}")
        channels = 3 if mode in ("RGB", "P") else 1
        dtype = np.dtype(np.uint8)
        load = partial(_load_with_pillow, file, kind, orientation)
    shape = (height, width, 3) if channels == 3 else (height, width)
    return Plane(file.name, oriented_shape(shape, orientation), dtype, load, exif)


def _kind(start: bytes) -> str | None:
    return next((kind for sign, kind in _SIGNATURES.items() if start.startswith(sign)), None)


def _opened(kind: str, stream: IO[bytes]) -> "PillowFile.ImageFile":
    """Open an image; by its plugin, for `Image.open` refuses the largest cameras' images as bombs."""
    from PIL import BmpImagePlugin, JpegImagePlugin, PngImagePlugin

    plugins: dict[str, Callable[[IO[bytes]], PillowFile.ImageFile]] = {
        "PNG": PngImagePlugin.PngImageFile,
        "JPEG": JpegImagePlugin.JpegImageFile,
        "BMP": BmpImagePlugin.BmpImageFile,
    }
    stream.seek(0)
    return plugins[kind](stream)


def _png_header(stream: IO[bytes]) -> tuple[int, int]:
    """Return bit depth and colour type; Pillow keeps neither, and gives 16-bit RGB as 8 bits."""
    stream.seek(24)
    bits, colour = struct.unpack("BB", stream.read(2))
    return bits, colour


def _exif(content: bytes | None) -> dict[int, Any]:
    """Return EXIF values by tag number, of the image and of the camera.

    ``image.getexif()`` would decode a PNG to look behind its pixels, so only what the header has is read.
    """
    from PIL import Image

    if not content:
        return {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tags = Image.Exif()
            tags.load(content)
            return {**tags, **tags.get_ifd(_EXIF_IFD)}
    except Exception:  # of many kinds; a broken EXIF block is no reason to refuse the pixels
        return {}


def _load_png(file: ImageFile, orientation: int) -> NDArray[Any]:
    import imagecodecs

    return orient(imagecodecs.png_decode(file.read()), orientation)


def _load_with_pillow(file: ImageFile, kind: str, orientation: int) -> NDArray[Any]:
    with file.open() as stream, _opened(kind, stream) as image:
        mode = {"1": "L", "P": "RGB"}.get(image.mode, image.mode)
        return orient(np.asarray(image.convert(mode)), orientation)
