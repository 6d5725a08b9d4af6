"""Many stacks in one layer, time points or positions, and the channels of each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
from napari.layers import Image

from napari_defocus.errors import InputError
from napari_defocus.io.stack_part import Rectangle
from napari_defocus.plugin.axis_roles import AxisRoles
from napari_defocus.plugin.result_placement import ResultPlacement, result_placement

__all__ = ["SUM", "StackSeries", "axis_name", "is_named", "series_of"]

SUM = -1
"""Stands for the sum of all channels where a channel is asked for."""


@dataclass(frozen=True, eq=False)
class StackSeries:
    """The stacks of a layer one after the other; nothing is read until a stack is.

    Attributes
    ----------
    data : array
        The layer's data at full size, NumPy or dask, without an alpha channel.
    roles : AxisRoles
        What its axes are.
    placement : ResultPlacement
        Where the results go.
    only : dict
        Of the axes of other stacks, those along which only this step is run.
    focus_channel : int or None
        Channel whose sharpness gives the depth, ``SUM``, or None where there are no channels.
    axis_names : dict
        What to call the axes of other stacks.
    first : dict
        Where the viewer stands along them: that stack is run first, since its result is seen.
    layers : dict
        Data of other layers of the same scene, by their names; the depth is applied to them too.
    changes : tuple of callable
        What is done to each stack of images, such as cutting out a region, one after the other.
    inside : (slice, slice) or None
        Rows and columns of the images that results are of, as of :class:`FocalStackLayer`.
    """

    data: Any
    roles: AxisRoles
    placement: ResultPlacement
    only: dict[int, int]
    focus_channel: int | None
    axis_names: dict[int, str]
    first: dict[int, int]
    layers: dict[str, Any] = field(default_factory=dict)
    changes: tuple[Callable[[Any], Any], ...] = ()
    inside: Rectangle | None = None

    def __len__(self) -> int:
        return int(np.prod([self.data.shape[axis] for axis in self.placement.run_over], dtype=int))

    @property
    def indices(self) -> Iterator[tuple[int, ...]]:
        """Steps along the axes that are run over, one tuple a stack; the one that is shown comes first."""
        first = tuple(self.first.get(axis, 0) for axis in self.placement.run_over)
        yield first
        for index in product(*(range(self.data.shape[axis]) for axis in self.placement.run_over)):
            if index != first:
                yield index

    def name(self, index: tuple[int, ...]) -> str:
        """Return what to call one of the stacks, such as "time 3"; counted from 0 as napari's sliders do."""
        steps = self.only | dict(zip(self.placement.run_over, index, strict=True))
        return ", ".join(f"{self.axis_names[axis]} {step}" for axis, step in sorted(steps.items()))

    @property
    def channels(self) -> dict[str, int]:
        """Channels that the depth is applied to after the run, by the names of their images."""
        if self.roles.channel is None:
            return {}
        count = self.data.shape[self.roles.channel]
        return {f"channel {number}": number for number in range(count) if number != self.focus_channel}

    @property
    def further(self) -> tuple[str, ...]:
        """Names of the images that the depth is applied to after the run."""
        return (*self.channels, *self.layers)

    def further_images(self, index: tuple[int, ...], name: str) -> Any:
        """Return the stack of one of them, (planes, Y, X[, 3])."""
        if name in self.layers:
            return self._part(self.layers[name], index, None)
        return self.channel_images(index, self.channels[name])

    @property
    def focus_name(self) -> str:
        """What the depth comes from: a channel, their sum, or nothing to be told of."""
        if self.focus_channel is None:
            return ""
        return "sum of channels" if self.focus_channel == SUM else f"channel {self.focus_channel}"

    @property
    def white_of_sum(self) -> float | None:
        """Intensity that counts as 1 in the mean of channels of whole numbers."""
        dtype = np.dtype(self.data.dtype)
        summed = self.focus_channel == SUM and dtype in (np.uint8, np.uint16)
        return float(np.iinfo(dtype).max) if summed else None

    def images(self, index: tuple[int, ...]) -> Any:
        """Return the stack that gives the depth, (planes, Y, X[, 3])."""
        if self.focus_channel != SUM:
            return self.channel_images(index, self.focus_channel)
        assert self.roles.channel is not None
        channels = [
            self.channel_images(index, number) for number in range(self.data.shape[self.roles.channel])
        ]
        return sum(channel.astype(np.float32) for channel in channels) / np.float32(len(channels))

    def channel_images(self, index: tuple[int, ...], channel: int | None) -> Any:
        """Return a stack of one channel, (planes, Y, X[, 3])."""
        return self._part(self.data, index, channel)

    def _part(self, data: Any, index: tuple[int, ...], channel: int | None) -> Any:
        steps = dict.fromkeys(self.roles.single, 0) | self.only
        steps |= dict(zip(self.placement.run_over, index, strict=True))
        if channel is not None and self.roles.channel is not None:
            steps[self.roles.channel] = channel
        part = data[tuple(steps.get(axis, slice(None)) for axis in range(data.ndim))]
        before = sum(axis in steps for axis in range(self.roles.plane))
        images = np.moveaxis(part, self.roles.plane - before, 0)
        for change in self.changes:
            images = change(images)
        return images


def series_of(
    layer: Image,
    data: Any,
    roles: AxisRoles,
    *,
    shown: dict[int, int],
    only_shown: bool,
    focus_channel: int,
    layers: dict[str, Any] | None = None,
    names: dict[int, str] | None = None,
) -> StackSeries:
    """Return the stacks of a layer.

    Parameters
    ----------
    layer : napari.layers.Image
        The layer.
    data : array
        Its data at full size.
    roles : AxisRoles
        What its axes are.
    shown : dict
        Step along each axis of other stacks that the viewer shows; 0 where it is not given.
    only_shown : bool
        Whether only that stack is run.
    focus_channel : int
        Channel that gives the depth, or ``SUM``.
    layers : dict, optional
        Data of other layers with the same axes that the depth is applied to, by their names.
    names : dict, optional
        What to call its axes; an axis that is not among them by its label.

    Raises
    ------
    InputError
        If the channel is not there.
    """
    only = {axis: shown.get(axis, 0) for axis in roles.others} if only_shown else {}
    if roles.channel is not None and not SUM <= focus_channel < data.shape[roles.channel]:
        raise InputError(f"Layer {layer.name!r} has no channel {focus_channel}; choose another one.")
    if layer.rgb and data.shape[-1] == 4:
        data = data[..., :3]  # how opaque a pixel is tells nothing of its focus
    called = {axis: axis_name(layer.axis_labels[axis], axis) for axis in roles.others} | (names or {})
    return StackSeries(
        data=data,
        roles=roles,
        placement=result_placement(layer, data.shape[: layer.ndim], roles, only),
        only=only,
        focus_channel=None if roles.channel is None else focus_channel,
        axis_names={axis: called[axis] for axis in roles.others},
        first=shown,
        layers=layers or {},
    )


def axis_name(label: str, axis: int) -> str:
    """Return the label of an axis; napari's own, a negative number, is on the axis's slider."""
    return label if is_named(label) else f"axis {axis} ({label})"


def is_named(label: str) -> bool:
    """Whether the label of an axis is not napari's own, a negative number."""
    return bool(label.strip()) and not label.lstrip("-").isdigit()
