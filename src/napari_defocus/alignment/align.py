"""Alignment of the planes of a focal stack."""

from collections.abc import Callable
from typing import Any, get_args

import numpy as np

from napari_defocus.alignment.judging import judge, summary
from napari_defocus.alignment.matching import Floats, MotionKind
from napari_defocus.alignment.measuring import measure
from napari_defocus.alignment.result import AlignmentResult
from napari_defocus.alignment.warping import common_frame, move_all
from napari_defocus.errors import InputError
from napari_defocus.optics.lookahead import map_ahead
from napari_defocus.solver.observations import LUMINANCE, as_stack, check_stack, not_finite
from napari_defocus.solver.progress import PassProgress
from napari_defocus.solver.result import Progress

MOTIONS: tuple[MotionKind, ...] = get_args(MotionKind)
"""Kinds of motion: shifts; also a change of scale; also a rotation."""

MOST_PIXELS = 500_000
"""Larger planes are reduced by a whole number for measuring."""


def align_focal_stack(
    images: Any,
    *,
    motion: MotionKind = "similarity",
    reference: int | None = None,
    crop: bool = False,
    progress: Progress | None = None,
) -> AlignmentResult:
    """Take shifts, rotation and focus breathing out of a focal stack.

    Each plane is compared with the next two, whose blur is most like its own; all these comparisons together
    tell how each plane lies over the reference. Then all are compared with the sharp image of the stack,
    blurred like each of them, which tells it exactly. A stack that is aligned already comes back as it is,
    and so does a plane whose motion is implausible, cannot be measured, or that would fit the others less
    well.

    Parameters
    ----------
    images : array_like, (planes, Y, X) or (planes, Y, X, 3)
        The focal stack, its planes in the order of their focus; NumPy, dask or a :class:`FocalStack`.
    motion : {"similarity", "breathing", "translation"}
        What is looked for: "translation" shifts; "breathing" also a change of scale, as of a lens that
        focuses; "similarity" also a rotation, as of a camera held in the hand.
    reference : int, optional
        Index of the plane whose frame the others are brought to. None: the one in the middle.
    crop : bool
        Cut off the borders that not every plane shows. False keeps the size; there, planes are continued by
        their mirror image.
    progress : callable, optional
        ``progress(fraction, message)``; may raise :class:`CancelledError` to stop.

    Returns
    -------
    AlignmentResult
        The stack, and what was found of each plane.

    Raises
    ------
    InputError
        If the stack cannot be used, or there is no such motion or reference.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.ndimage import gaussian_filter, shift
    >>> from napari_defocus import align_focal_stack
    >>> scene = gaussian_filter(np.random.default_rng(0).random((96, 128)), 1.0)
    >>> result = align_focal_stack(np.stack([scene, shift(scene, (0, 2), mode="reflect")]), reference=0)
    >>> round(result.planes[1].motion.shift_x, 1)
    2.0
    """
    images = as_stack(images)
    check_stack(images.shape, images.dtype)
    planes = len(images)
    if motion not in MOTIONS:
        raise InputError(f"motion must be one of {', '.join(MOTIONS)}, but is {motion!r}.")
    reference = planes // 2 if reference is None else reference
    if not 0 <= reference < planes:
        raise InputError(
            f"The reference must be a plane from 0 to {planes - 1}, but is {reference}; the stack has "
            f"{planes} planes."
        )
    passes = PassProgress(progress, 1.0)
    reduced, factor = _read(images, passes.begin("reading the planes", 0.2))
    judged = judge(measure(reduced, motion, reference, factor, passes), reference)
    shape = images.shape[1], images.shape[2]
    motions = [plane.applied for plane in judged]
    valid = common_frame(motions, shape)
    notes = [summary(judged), *(plane.note for plane in judged if plane.note)]
    moved = any(plane.accepted for plane in judged)
    if moved:
        images = move_all(images, motions, passes.begin("moving the planes", 0.2))
        if crop:
            (top, bottom), (left, right) = valid
            images = images[:, top:bottom, left:right]
    passes.end()
    return AlignmentResult(
        images=images,
        planes=tuple(judged),
        reference=reference,
        motion=motion,
        valid=valid,
        cropped=crop and moved,
        notes=tuple(notes),
    )


def _read(images: Any, report: Callable[[float], None]) -> tuple[list[Floats], int]:
    """Return the grey planes, reduced for measuring, and by which factor they were."""
    from skimage.transform import downscale_local_mean

    height, width = images.shape[1:3]
    factor = int(np.ceil(np.sqrt(height * width / MOST_PIXELS)))
    rows, columns = (
        slice(length % factor // 2, length - (length % factor + 1) // 2) for length in (height, width)
    )

    def read(index: int) -> Floats:
        plane = np.asarray(images[index], np.float32)
        if not np.isfinite(plane).all():
            raise not_finite(index)
        grey = plane @ LUMINANCE if plane.ndim == 3 else plane
        return np.asarray(downscale_local_mean(grey[rows, columns], factor), np.float32)

    planes = []
    for index, plane in enumerate(map_ahead(read, range(len(images)), threads=2), 1):
        planes.append(plane)
        report(index / len(images))
    return planes, factor
