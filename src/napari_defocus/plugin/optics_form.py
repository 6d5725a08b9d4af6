"""The part of the widget that asks for the optics."""

import math
from typing import Any

from magicgui.widgets import ComboBox
from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_defocus.errors import InputError
from napari_defocus.optics import Microscope, Optics, ThinLens, UncalibratedFocus, optics_from_dict
from napari_defocus.plugin.fields import NumberField, PositionsField
from napari_defocus.plugin.form import Fold, Form
from napari_defocus.plugin.lengths import length_in
from napari_defocus.plugin.lens_forms import CameraForm, MicroscopeForm, UncalibratedForm
from napari_defocus.plugin.stack_source import FocalStackLayer

__all__ = ["OpticsForm"]

KINDS = {ThinLens.kind: "Camera", Microscope.kind: "Microscope", UncalibratedFocus.kind: "Uncalibrated"}

PHYSICAL = (Microscope.kind, ThinLens.kind)
"""Kinds that metadata of images tell of."""


class OpticsForm(QWidget):
    """Kind of optics and its figures.

    Attributes
    ----------
    changed : Signal
        Emitted after every edit.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.kind = ComboBox(
            label="Optics",
            choices=[(label, kind) for kind, label in KINDS.items()],
            value=UncalibratedFocus.kind,
            tooltip="Camera and Microscope give depth as a length; Uncalibrated needs no figures and counts "
            "depth in planes.",
        )
        self.forms: dict[str, Any] = {
            ThinLens.kind: CameraForm(),
            Microscope.kind: MicroscopeForm(),
            UncalibratedFocus.kind: UncalibratedForm(),
        }
        self.blur = BlurForm()
        self.last: Optics | None = None  # used last; its figures fill what a stack does not tell
        self._exact: tuple[Optics, tuple[str, ...]] | None = None
        self._lent = False  # whether some of its figures stand in the fields
        self.note = QLabel()
        self.note.setWordWrap(True)
        self._lay_out()
        self.kind.changed.connect(self._show_kind)
        for form in (*self.forms.values(), self.blur):
            form.changed.connect(self._on_edit)
        self._show_kind()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(Form([self.kind]))
        for form in self.forms.values():
            layout.addWidget(form)
        layout.addWidget(self.note)
        layout.addWidget(Fold("Blur model", self.blur))

    @property
    def depth_unit(self) -> str:
        """Unit of the depth that comes out."""
        return str(self.forms[self.kind.value].depth_unit)

    @property
    def filled(self) -> bool:
        """Whether no field is empty that must be given."""
        return not self._missing()

    def optics(self, planes: int) -> Optics:
        """Make the optics for a stack of so many planes.

        Raises
        ------
        InputError
            If a field is missing or wrong, or the number of positions is not that of the planes.
        """
        if self._exact is not None and self._exact[0].planes == planes and self._exact[1] == self._texts():
            return self._exact[0]
        optics: Optics = self.forms[self.kind.value].optics(planes, self.blur.values())
        optics.check_planes(planes)
        return optics

    def fill(self, stack: FocalStackLayer) -> None:
        """Show what is known of a stack's optics, be it only some figures of the metadata or of the axes.

        What the fields held before is another stack's and goes.
        """
        try:
            known = optics_from_dict(stack.optics) if stack.optics else None
        except InputError:
            known = None
        if known is not None:
            self.show_optics(known)
            return
        self._reset()
        self._fill_from_last(stack.planes)
        self._fill_from_axes(stack)
        told = [kind for kind in PHYSICAL if self.forms[kind].fill_partly(stack)]
        self.kind.value = told[0] if told else UncalibratedFocus.kind
        self._show_kind()

    def clear(self) -> None:
        """Show no optics: there is no stack any more whose they could be."""
        self._reset()
        self.kind.value = UncalibratedFocus.kind
        self._show_kind()

    def show_optics(self, optics: Optics) -> None:
        """Show optics. Until a field is edited they are given back to the last digit."""
        self._reset()
        self.forms[optics.kind].fill(optics)
        self.blur.fill(optics)
        self.kind.value = optics.kind
        self._show_kind()
        self._exact = optics, self._texts()

    def _reset(self) -> None:
        self._exact, self._lent = None, False
        for form in (*self.forms.values(), self.blur):
            form.reset()

    def _texts(self) -> tuple[str, ...]:
        """What the fields that count hold."""
        fields = (*self.forms[self.kind.value].fields, *self.blur.fields)
        return (str(self.kind.value), *(str(field.value) for field in fields))

    def _fill_from_last(self, planes: int) -> None:
        """Show the figures used last; the positions too if there are as many planes."""
        if self.last is None or self.last.kind not in PHYSICAL:
            return
        form = self.forms[self.last.kind]
        form.fill(self.last)
        if self.last.planes != planes:
            for field in form.fields:
                if isinstance(field, PositionsField):
                    field.set_positions([])
        self._lent = True

    def _fill_from_axes(self, stack: FocalStackLayer) -> None:
        scope = self.forms[Microscope.kind]
        assert isinstance(scope, MicroscopeForm)
        pixel = length_in(stack.placement["units"][1], scope.depth_unit)
        step = length_in(stack.plane_unit, scope.depth_unit)
        if pixel is not None:
            scope.pixel_size.set_number(pixel * stack.placement["scale"][1])
        if step is not None:
            scope.focus_positions.set_positions([step * position for position in stack.plane_positions])

    def _show_kind(self) -> None:
        for kind, form in self.forms.items():
            form.setVisible(kind == self.kind.value)
        if self._lent and self.last is not None and self.kind.value == self.last.kind:
            self.blur.fill(self.last)  # not before: this form is that of all kinds
        self._on_edit()

    def _on_edit(self) -> None:
        if self.kind.value == UncalibratedFocus.kind:
            text = "No optics: depth will be in plane steps (0 is the first plane), not a length."
        else:
            text = f"Depth will be in {self.depth_unit}.{self._missing() or self._span()}"
        self.note.setText(text + self._lender())
        self.changed.emit()

    def _lender(self) -> str:
        """Say where figures come from that the stack does not tell."""
        if not self._lent or self.last is None:
            return ""
        if self.kind.value == self.last.kind:
            return " Figures that the stack does not tell are those used last: check them."
        return f" Choose {KINDS[self.last.kind]} for the figures used last."

    def _span(self) -> str:
        """Say how many positions there are, if they can be read."""
        (field,) = [
            field for field in self.forms[self.kind.value].fields if isinstance(field, PositionsField)
        ]
        span = field.span()
        return f" {span}" if span else ""

    def _missing(self) -> str:
        """Say which figures are still to be given, if any."""
        empty = [
            field.title
            for field in self.forms[self.kind.value].fields
            if isinstance(field, NumberField | PositionsField)
            and not field.optional
            and not str(field.value).strip()
        ]
        if not empty:
            return ""
        return f" Still missing: {', '.join(empty).lower()}. Uncalibrated optics need none of them."


class BlurForm(Form):
    """What every kind of optics takes: how the circle of confusion becomes a blur."""

    def __init__(self) -> None:
        self.blur_scale = NumberField(
            "Blur scale",
            tooltip="Standard deviation of the blur in units of the radius of the circle of confusion: 1 as "
            "in the paper, near 0.5 for a real round aperture. With 'Estimate blur' ticked below it is found "
            "from the stack.",
        )
        self.min_blur = NumberField(
            "Least blur", unit="px", tooltip="Least standard deviation of the blur, as in the paper."
        )
        self.in_focus_blur = NumberField(
            "Blur in focus",
            unit="px",
            tooltip="Blur that stays in perfect focus. Empty: the diffraction limit of a microscope, none "
            "for the others.",
            optional=True,
            placeholder="automatic",
        )
        self.blur_scale.set_number(1.0)
        self.min_blur.set_number(0.0)
        super().__init__([self.blur_scale, self.min_blur, self.in_focus_blur])

    def values(self) -> dict[str, float]:
        """Return the fields that are filled, by the names that :class:`Optics` gives them."""
        numbers = {
            "blur_scale": self.blur_scale.number(),
            "min_blur": self.min_blur.number(),
            "in_focus_blur": self.in_focus_blur.number(),
        }
        return {name: number for name, number in numbers.items() if number is not None}

    def fill(self, optics: Optics) -> None:
        """Show the blur model of some optics."""
        self.blur_scale.set_number(optics.blur_scale)
        self.min_blur.set_number(optics.min_blur)
        self.in_focus_blur.set_number(None if _is_diffraction_limit(optics) else optics.in_focus_blur)


def _is_diffraction_limit(optics: Optics) -> bool:
    """Whether the blur in focus is the one a microscope takes when none is given."""
    if not isinstance(optics, Microscope):
        return False
    automatic = optics.replace(in_focus_blur=None).in_focus_blur
    if optics.in_focus_blur is None or automatic is None:
        return optics.in_focus_blur is automatic
    return math.isclose(optics.in_focus_blur, automatic)
