"""The part of the stack picker that asks what the axes of a layer are."""

from typing import Any

from magicgui.widgets import CheckBox, ComboBox
from napari.components import ViewerModel
from napari.layers import Image
from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_defocus.errors import InputError
from napari_defocus.plugin.axis_roles import AxisRoles, roles_of
from napari_defocus.plugin.form import Form
from napari_defocus.plugin.layer_axes import are_alike, axis_guesses
from napari_defocus.plugin.stack_series import SUM, axis_name, is_named
from napari_defocus.plugin.stack_source import (
    FocalStackLayer,
    full_data,
    stack_from_layer,
    stacks_from_layer,
)

__all__ = ["AxesForm"]

NONE = -1
"""Choice that is no axis."""

SURE = {
    "its label",
    "the number of planes in the optics",
    "the labels of the other axes",
    "the only other axis",
    "your choice",
}
"""What makes a guess of the plane axis certain."""

UNSEEN = (
    'The viewer shows the planes as rows or columns: "Change order of the visible axes" below the layer list '
    "(Ctrl+E) gives them a slider."
)


class AxesForm(QWidget):
    """Axes of a layer: planes, channels, and what is run one after the other. Only what it has is shown.

    Parameters
    ----------
    viewer : ViewerModel
        The viewer.
    many : bool
        Whether more stacks than one and channels can be taken.

    Attributes
    ----------
    changed : Signal
        Other axes of planes or channels were chosen.
    """

    changed = Signal()

    def __init__(self, viewer: ViewerModel, *, many: bool) -> None:
        super().__init__()
        self._viewer, self._many = viewer, many
        self._layer: Image | None = None
        self._why = ""
        self.plane = ComboBox(
            label="Plane axis",
            choices=self._plane_choices,
            tooltip="Axis of the layer along which the focus changes.",
        )
        self.channel = ComboBox(
            label="Channel axis",
            choices=self._channel_choices,
            tooltip="Axis of the channels of a fluorescence microscope: the depth comes from one of them, or "
            "from their sum, and every channel gets its all-in-focus image.",
        )
        self.focus = ComboBox(
            label="Depth from",
            choices=self._focus_choices,
            tooltip="Channel whose sharpness gives the depth: take the one with the most texture.",
        )
        self.which = ComboBox(
            label="Run on",
            choices=self._which_choices,
            tooltip="All stacks of the layer one after the other, or only the one that the sliders below the "
            "image show.",
        )
        self.others = CheckBox(
            label="Other layers too",
            tooltip="Apply the depth to the other open layers of this shape, such as the channels of a "
            "fluorescence microscope: each gets its all-in-focus image.",
        )
        self.note = QLabel()
        self.note.setWordWrap(True)
        self._form = Form([self.plane, self.channel, self.focus, self.which, self.others])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._form)
        layout.addWidget(self.note)
        self.plane.changed.connect(self._on_axis)
        self.channel.changed.connect(self._on_axis)
        for event in self._events:
            event.connect(self._rename)
        self.show_layer(None)

    def show_layer(self, layer: Image | None) -> None:
        """Offer the axes of another layer, as far as it tells what they are."""
        self._layer = layer
        plane, channel, self._why = (None, None, "") if layer is None else axis_guesses(layer)
        for field, guess in ((self.plane, plane), (self.channel, channel)):
            with field.changed.blocked():
                field.reset_choices()
                if layer is not None:
                    field.value = NONE if guess is None else guess
        self._refresh()

    def stop(self) -> None:
        """Follow the viewer no more."""
        for event in self._events:
            event.disconnect(self._rename)

    @property
    def _events(self) -> tuple[Any, ...]:
        """What changes the names of the axes, or which of them are seen."""
        events = self._viewer.dims.events
        return events.axis_labels, events.ndisplay, events.order

    def plane_axis(self) -> int:
        """Return the plane axis.

        Raises
        ------
        InputError
            If none is chosen.
        """
        if self._layer is not None and self.plane.value == NONE:
            raise InputError(
                f"Choose the plane axis: layer {self._layer.name!r} of shape {self._shape()} does not "
                "tell along which axis the focus changes."
            )
        return int(self.plane.value or 0)

    def stack(self, *, only_shown: bool = False) -> FocalStackLayer | None:
        """Return the stack, or the first of all stacks, as the fields say; None without a layer.

        With `only_shown` it is the one that the viewer shows and no other, whatever the fields say.
        """
        if self._layer is None:
            return None
        plane = self.plane_axis()
        if not self._many:
            return stack_from_layer(self._layer, plane)
        channel = None if self.channel.value in (NONE, None) else int(self.channel.value)
        focus = SUM if self.focus.value is None else int(self.focus.value)
        return stacks_from_layer(
            self._layer,
            plane,
            channel,
            focus_channel=focus,
            shown=self._shown(),
            only_shown=only_shown or self.which.value == "shown",
            layers=self._alike() if self.others.value else (),
            names={axis: self._name(axis) for axis in range(self._layer.ndim)},
        )

    def refresh_others(self) -> None:
        """Take in that other layers were added, removed or renamed."""
        names = [layer.name for layer in self._alike()]
        self._form.show_field(self.others, bool(names))
        tooltip = (self.others.tooltip or "").split(" Now: ")[0]
        self.others.tooltip = f"{tooltip} Now: {', '.join(names)}." if names else tooltip

    def _alike(self) -> list[Image]:
        """Other layers that can be channels of the same scene."""
        if self._layer is None or not self._many:
            return []
        return [layer for layer in self._viewer.layers if are_alike(self._layer, layer)]

    def _shown(self) -> dict[int, int]:
        """Where the viewer's sliders stand along the axes of other stacks."""
        roles = self._roles()
        if roles is None or self._layer is None:
            return {}
        point = self._layer.world_to_data(self._viewer.dims.point)
        shape = self._shape()
        return {axis: min(max(round(float(point[axis])), 0), shape[axis] - 1) for axis in roles.others}

    def _shape(self) -> tuple[int, ...]:
        assert self._layer is not None
        return tuple(full_data(self._layer).shape[: self._layer.ndim])

    def _roles(self) -> AxisRoles | None:
        plane, channel = self.plane.value, self.channel.value
        layer = self._layer
        if layer is None or plane in (NONE, None) or plane == channel:
            return None
        channel = None if channel in (NONE, None) else channel
        if layer.ndim - (channel is not None) < 3:
            return None
        return roles_of(self._shape(), layer.axis_labels, plane, channel)

    def _on_axis(self) -> None:
        self._why = self._why if self.plane.value == NONE else "your choice"
        self._refresh()
        self.changed.emit()

    def _refresh(self) -> None:
        """Show the fields that make sense for these axes."""
        for field in (self.focus, self.which):
            with field.changed.blocked():
                field.reset_choices()
        with self.channel.changed.blocked():
            chosen = self.channel.value
            self.channel.reset_choices()
            if chosen in self.channel.choices:
                self.channel.value = chosen
        roles = self._roles()
        more = self._layer is not None and sum(length > 1 for length in self._shape()) > 3
        self._form.show_field(self.channel, self._many and more)
        self._form.show_field(self.focus, self._many and roles is not None and roles.channel is not None)
        self._form.show_field(self.which, self._many and roles is not None and bool(roles.others))
        self._form.show_field(self.plane, self._layer is not None)
        self.refresh_others()
        self._tell()

    def _tell(self) -> None:
        """Say what the layer is taken for."""
        roles, layer = self._roles(), self._layer
        self.note.setVisible(layer is not None)
        if layer is None:
            return
        if roles is None:
            self.note.setText("Choose the axis along which the focus changes.")
            return
        shape = self._shape()
        colours = "in colour" if layer.rgb else "grey"
        told = [f"{shape[roles.plane]} planes of {shape[roles.rows]} x {shape[roles.columns]} px, {colours}"]
        if roles.channel is not None:
            told.append(f"{shape[roles.channel]} channels")
        if roles.others:
            told.append(f"stacks: {self._counts(roles)}")
        guessed = "" if self._why in SURE else f" Plane axis guessed from {self._why}."
        self.note.setText(f"{' · '.join(told)}.{guessed}{self._unseen(roles)}")

    def _unseen(self, roles: AxisRoles) -> str:
        """Say how to see the images where the viewer shows the planes as rows or columns."""
        dims = self._viewer.dims
        if dims.ndisplay != 2 or self._world(roles.plane) not in dims.displayed:
            return ""
        return f" {UNSEEN}"

    def _counts(self, roles: AxisRoles) -> str:
        return " x ".join(f"{self._shape()[axis]} ({self._name(axis)})" for axis in roles.others)

    def _name(self, axis: int) -> str:
        """Name of an axis as its slider has it: napari keeps that when a layer without labels is added.

        One that is displayed has no slider, and may be named after another layer (the height of a surface).
        """
        layer, dims = self._layer, self._viewer.dims
        assert layer is not None
        own, world = layer.axis_labels[axis], self._world(axis)
        label = dims.axis_labels[world] if world >= 0 else ""
        first, second = (own, label) if world in dims.displayed else (label, own)
        return axis_name(first if is_named(first) else second, axis)

    def _world(self, axis: int) -> int:
        """Axis of the viewer that an axis of the layer lies along; negative where the viewer has fewer."""
        assert self._layer is not None
        return int(axis - self._layer.ndim + self._viewer.dims.ndim)

    def _rename(self) -> None:
        """Take in that a slider got another name, came or went."""
        if self._layer is None:
            return
        with self.plane.changed.blocked():
            chosen = self.plane.value
            self.plane.reset_choices()
            self.plane.value = chosen
        self._refresh()

    def _plane_choices(self, _widget: Any = None) -> list[tuple[str, int]]:
        if self._layer is None:
            return []
        axes = [(f"{self._name(axis)}: {length} planes", axis) for axis, length in enumerate(self._shape())]
        return [*axes, ("choose ...", NONE)]

    def _channel_choices(self, _widget: Any = None) -> list[tuple[str, int]]:
        if self._layer is None:
            return []
        axes = [
            (f"{self._name(axis)}: {length} channels", axis)
            for axis, length in enumerate(self._shape())
            if axis != self.plane.value and length > 1
        ]
        return [("none", NONE), *axes]

    def _focus_choices(self, _widget: Any = None) -> list[tuple[str, int]]:
        roles = self._roles()
        if roles is None or roles.channel is None:
            return [("the sum of all channels", SUM)]
        count = self._shape()[roles.channel]
        return [
            ("the sum of all channels", SUM),
            *((f"channel {number}", number) for number in range(count)),
        ]

    def _which_choices(self, _widget: Any = None) -> list[tuple[str, str]]:
        roles = self._roles()
        if roles is None or not roles.others:
            return [("all", "all")]
        return [(f"all stacks: {self._counts(roles)}", "all"), ("only the one shown", "shown")]
