"""What each axis of an image layer is: planes, rows and columns, channels, or stacks one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["AxisRoles", "guess_channel_axis", "guess_plane_axis", "roles_of"]

PLANES = {"z", "plane", "planes", "focus", "focal", "defocus", "slice", "slices", "depth"}
ROWS = {"y", "row", "rows"}
COLUMNS = {"x", "column", "columns", "col"}
CHANNELS = {"c", "ch", "channel", "channels", "wavelength", "samples", "s"}
OTHERS = {"t", "time", "frame", "frames", "p", "pos", "position", "positions", "scene", "m", "v", "view"}

MOST_COLOURS = 4
"""Longest last axis that is taken for colours rather than for columns."""

CLEARLY_SHORTER = 4
"""By this factor planes must be fewer than rows and columns for their number alone to tell of them."""


@dataclass(frozen=True)
class AxisRoles:
    """What the axes of a layer are; each is in one place.

    Attributes
    ----------
    plane : int
        Along this axis the focus changes.
    rows, columns : int
        Axes of an image.
    channel : int or None
        Axis of the channels of a fluorescence microscope.
    others : tuple of int
        Time points, positions: each step is a stack of its own.
    single : tuple of int
        Axes of length 1 beside these.
    """

    plane: int
    rows: int
    columns: int
    channel: int | None = None
    others: tuple[int, ...] = ()
    single: tuple[int, ...] = ()


def guess_plane_axis(
    shape: Sequence[int], labels: Sequence[str], planes: int | None = None
) -> tuple[int | None, str]:
    """Return the plane axis and what tells of it; None where nothing does, so that the user has to choose.

    Parameters
    ----------
    shape : sequence of int
        Lengths of the axes, without that of RGB.
    labels : sequence of str
        Their labels; numbers are no labels.
    planes : int, optional
        Number of planes, where optics or metadata tell it.
    """
    names = [label.strip().lower() for label in labels]
    called = [axis for axis, name in enumerate(names) if name in PLANES]
    if len(called) == 1:
        return called[0], "its label"
    known = ROWS | COLUMNS | CHANNELS | OTHERS
    free = called or [axis for axis, name in enumerate(names) if name not in known]
    matching = [axis for axis in free if shape[axis] == planes]
    if len(matching) == 1:
        return matching[0], "the number of planes in the optics"
    if len(free) == 1:
        return free[0], "the labels of the other axes"
    if any(name in ROWS for name in names) and any(name in COLUMNS for name in names):
        long = [axis for axis in free if shape[axis] > 1]
        return (long[0], "the labels of the other axes") if len(long) == 1 else (None, "")
    return _by_shape(shape, free)


def _by_shape(shape: Sequence[int], free: Sequence[int]) -> tuple[int | None, str]:
    """Guess from the lengths alone: planes come first unless the images would then be narrow strips."""
    long = [axis for axis in free if shape[axis] > 1]
    if len(long) < 3:
        return next((axis for axis in free if axis not in long), None), "the only other axis"
    if len(long) > 3:
        return None, ""
    first, second, third = (shape[axis] for axis in long)
    if first <= min(second, third) or second == third:
        return long[0], "its place before rows and columns"
    shortest = min(long, key=lambda axis: shape[axis])
    if CLEARLY_SHORTER * shape[shortest] <= min(shape[axis] for axis in long if axis != shortest):
        return shortest, "its length"
    return None, ""


def guess_channel_axis(shape: Sequence[int], labels: Sequence[str], plane: int | None) -> int | None:
    """Return the axis of the channels, None where there is none or nothing tells of it."""
    names = [label.strip().lower() for label in labels]
    called = [axis for axis, name in enumerate(names) if name in CHANNELS and axis != plane]
    if called:
        return called[0] if shape[called[0]] > 1 else None
    last = len(shape) - 1
    unnamed = not names[last] or names[last].lstrip("-").isdigit()
    few = 1 < shape[last] <= MOST_COLOURS < min(shape[max(last - 2, 0) : last], default=0)
    return last if len(shape) > 3 and unnamed and few and plane != last else None


def roles_of(
    shape: Sequence[int], labels: Sequence[str], plane: int, channel: int | None = None
) -> AxisRoles:
    """Return the roles of all axes once planes and channels are known.

    Rows and columns go by their labels, else they are the last two axes that are left.
    """
    names = [label.strip().lower() for label in labels]
    left = [axis for axis in range(len(shape)) if axis not in (plane, channel)]
    spatial = [axis for axis in left if names[axis] in ROWS | COLUMNS]
    rows, columns = spatial if len(spatial) == 2 else left[-2:]
    rest = [axis for axis in left if axis not in (rows, columns)]
    return AxisRoles(
        plane,
        rows,
        columns,
        channel,
        tuple(axis for axis in rest if shape[axis] > 1),
        tuple(axis for axis in rest if shape[axis] == 1),
    )
