"""Optics of a stack whose pixels were joined into larger ones."""

from typing import Any

from napari_defocus.errors import InputError
from napari_defocus.optics.base import Optics
from napari_defocus.optics.microscope import Microscope
from napari_defocus.optics.thin_lens import ThinLens
from napari_defocus.optics.uncalibrated import UncalibratedFocus


def binned(optics: Optics, factor: int) -> Optics:
    """Return the optics of images whose pixels are the means of `factor` x `factor` of the given ones.

    Lengths on the pixel grid grow by the factor, and blur in pixels shrinks by it::

        pixel_pitch, pixel_size               * factor
        blur_per_plane, min_blur, in_focus_blur / factor

    The mean over a pixel is left out, as it is for the pixels of a camera.

    Parameters
    ----------
    optics : Optics
        Optics of the images as they are.
    factor : int
        Pixels a side that become one, at least 1.

    Raises
    ------
    InputError
        If the factor is no whole number of at least 1.
    """
    _check(factor)
    return _with_larger_pixels(optics, factor)


def unbinned(optics: Optics, factor: int) -> Optics:
    """Return the optics of images from those of their means of `factor` x `factor` pixels.

    The inverse of :func:`binned`, with the same parameters and errors.
    """
    _check(factor)
    return _with_larger_pixels(optics, 1 / factor)


def _check(factor: int) -> None:
    if isinstance(factor, bool) or not isinstance(factor, int) or factor < 1:
        raise InputError(f"factor must be a whole number of at least 1, but is {factor!r}.")


def _with_larger_pixels(optics: Optics, factor: float) -> Optics:
    changes: dict[str, Any] = {"min_blur": optics.min_blur / factor}
    if optics.in_focus_blur is not None:  # None: a microscope finds it from its pixel size
        changes["in_focus_blur"] = optics.in_focus_blur / factor
    if isinstance(optics, ThinLens):
        changes["pixel_pitch"] = optics.pixel_pitch * factor
    elif isinstance(optics, Microscope):
        changes["pixel_size"] = optics.pixel_size * factor
    elif isinstance(optics, UncalibratedFocus) and optics.blur_per_plane is not None:
        changes["blur_per_plane"] = optics.blur_per_plane / factor
    return optics.replace(**changes)
