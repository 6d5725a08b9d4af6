"""Text fields for numbers: they can stay empty, and say in plain words what is wrong with them."""

import re
from collections.abc import Sequence

import numpy as np
from magicgui.widgets import LineEdit

from napari_defocus.errors import InputError

__all__ = ["NumberField", "PositionsField", "format_number"]


def format_number(value: float) -> str:
    """Return a number as a person would type it."""
    return f"{value:.10g}"


class NumberField(LineEdit):
    """One number with its unit in the label.

    Parameters
    ----------
    name : str
        What the number is, as it stands in the label and in messages.
    unit : str
        Its unit, shown in the label.
    tooltip : str
        What it is and where to find it.
    optional : bool
        Whether it may stay empty.
    placeholder : str
        What an empty field stands for.
    """

    def __init__(
        self, name: str, *, unit: str = "", tooltip: str = "", optional: bool = False, placeholder: str = ""
    ) -> None:
        super().__init__(value="", tooltip=tooltip, label=_label(name, unit))
        self.title, self.unit, self.optional = name, unit, optional
        self.set_placeholder(placeholder or ("" if optional else "required"))

    def set_placeholder(self, text: str) -> None:
        """Set the grey text of the empty field."""
        self.native.setPlaceholderText(text)

    def set_unit(self, unit: str) -> None:
        """Change the unit in the label; the number stays as it is."""
        self.unit = unit
        self.label = _label(self.title, unit)

    def number(self) -> float | None:
        """Return the number, None when empty and optional.

        Raises
        ------
        InputError
            If it is missing or not a number.
        """
        text = str(self.value).strip()
        if not text:
            if self.optional:
                return None
            raise InputError(f"{self.title} is empty; give it{_in_unit(self.unit)}.")
        return _parse(text, self.title)

    def set_number(self, value: float | None) -> None:
        """Show a number, or nothing for None."""
        self.value = "" if value is None else format_number(value)


class PositionsField(LineEdit):
    """A list of focus positions, one a plane; ``0, 0.5, ...`` goes on evenly to the last plane."""

    optional = False

    def __init__(self, name: str, *, unit: str, tooltip: str) -> None:
        super().__init__(value="", label=_label(name, unit), tooltip=tooltip)
        self.title, self.unit, self._about = name, unit, tooltip
        self.native.setPlaceholderText("one for each plane, or: 0, 0.5, ...")
        self.changed.connect(self._show_all)

    def set_unit(self, unit: str) -> None:
        """Change the unit in the label; the numbers stay as they are."""
        self.unit = unit
        self.label = _label(self.title, unit)

    def positions(self, planes: int) -> list[float]:
        """Return the positions, an ellipsis filled in for `planes` planes.

        Raises
        ------
        InputError
            If the list is empty or holds something that is not a number.
        """
        words = [word for word in re.split(r"[\s,;]+", str(self.value).replace("…", "...").strip()) if word]
        if not words:
            raise InputError(
                f"{self.title} are empty; list one for each of the {planes} planes{_in_unit(self.unit)}."
            )
        goes_on = words[-1] == "..."
        numbers = [_parse(word, self.title) for word in (words[:-1] if goes_on else words)]
        if not goes_on:
            return numbers
        if len(numbers) < 2:
            raise InputError(f"{self.title}: give at least two numbers before the '...'.")
        step = numbers[-1] - numbers[-2]
        missing = max(planes - len(numbers), 0)
        return numbers + [float(value) for value in numbers[-1] + step * np.arange(1, missing + 1)]

    def span(self) -> str:
        """Return how many positions there are, and from where to where; the field shows the first only."""
        try:
            positions = self.positions(0)
        except InputError:
            return ""  # said when the user presses Run
        if str(self.value).rstrip().endswith(("...", "…")):
            return ""
        low, high = format_number(min(positions)), format_number(max(positions))
        return f"{len(positions)} {self.title.lower()}, {low} to {high} {self.unit}."

    def _show_all(self) -> None:
        self.tooltip = f"{self._about} Here: {self.value}" if self.value else self._about

    def set_positions(self, positions: Sequence[float]) -> None:
        """Show a list of positions."""
        self.value = ", ".join(format_number(value) for value in positions)
        self.native.setCursorPosition(0)  # show the beginning of a long list


def _label(name: str, unit: str) -> str:
    return f"{name} ({unit})" if unit else name


def _in_unit(unit: str) -> str:
    return f" in {unit}" if unit else ""


def _parse(text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{name} must be a number, but is {text!r}.") from None
