"""The part of the widget that asks for the solver's settings, built from their own documentation."""

from collections.abc import Callable
from dataclasses import Field, fields
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from magicgui.widgets import CheckBox, ComboBox
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from napari_defocus.errors import InputError
from napari_defocus.plugin.fields import NumberField, format_number
from napari_defocus.plugin.form import Fold, Form
from napari_defocus.plugin.preferences import preferences, preset_name
from napari_defocus.solver.settings import CHOICES, SolverSettings

__all__ = ["SettingsForm"]

PRESETS: dict[str, Callable[[], SolverSettings]] = {
    "Real stacks": SolverSettings,
    "Simulated stack": SolverSettings.simulation,
    "NYUv2 (paper)": SolverSettings.nyuv2,
    "Make3D (paper)": SolverSettings.make3d,
    "MobileDepth (paper)": SolverSettings.mobiledepth,
}

IN_FRONT = ("depth_range", "epochs", "estimate_blur")
"""Settings with a place of their own above the fold."""

Editor = NumberField | CheckBox | ComboBox


class SettingsForm(QWidget):
    """Preset, depth range, epochs, blur estimate and, in a fold, the rest of :class:`SolverSettings`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.preset = ComboBox(
            label="Preset",
            choices=list(PRESETS),
            tooltip="Settings to start from: our best for real stacks, of a camera or a microscope; our "
            "fastest for stacks that obey the model exactly; or the published ones for three data sets. "
            "Choosing one fills in the fields.",
        )
        if preferences().default_preset in PRESETS:
            self.preset.value = preferences().default_preset
        self._exact: tuple[SolverSettings, tuple[str, ...]] | None = None
        self._usual_estimate: bool | None = None  # what the box for it held before a run's were loaded
        named = {item.name: item for item in fields(SolverSettings)}
        self.near = NumberField("Nearest depth", tooltip=_help(named["depth_range"]), optional=True)
        self.far = NumberField("Farthest depth", tooltip=_help(named["depth_range"]), optional=True)
        self._hints = get_type_hints(SolverSettings)
        self.editors: dict[str, Editor] = {
            name: _editor(item, self._hints[name]) for name, item in named.items() if name != "depth_range"
        }
        advanced = [editor for name, editor in self.editors.items() if name not in IN_FRONT]
        self.fold = Fold("Advanced", Form(advanced))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        in_front = [self.editors[name] for name in IN_FRONT if name in self.editors]
        layout.addWidget(Form([self.preset, self.near, self.far, *in_front]))
        layout.addWidget(self.fold)
        self.last_button = QPushButton("Settings of your last run: back to the preset")
        self.last_button.setToolTip("Fill the fields with what the preset says.")
        self.last_button.hide()
        layout.addWidget(self.last_button)
        self.last_button.clicked.connect(self._fill_preset)
        self.preset.changed.connect(self._fill_preset)
        self.editors["estimate_blur"].changed.connect(self._on_estimate)
        self._fill_preset()
        self.show_automatic_range(None, "")

    def settings(self) -> SolverSettings:
        """Make the settings from the fields.

        Raises
        ------
        InputError
            If a field is wrong; the message names it.
        """
        if self._exact is not None and self._exact[1] == self._texts():
            return self._exact[0]
        values = {name: _read(editor, self._hints[name]) for name, editor in self.editors.items()}
        return SolverSettings(depth_range=self._depth_range(), **values)

    def fill(self, settings: SolverSettings) -> None:
        """Show settings. Until a field is edited they are given back to the last digit."""
        near, far = settings.depth_range or (None, None)
        self.near.set_number(near)
        self.far.set_number(far)
        for name, editor in self.editors.items():
            _show(editor, getattr(settings, name))
        self._exact = settings, self._texts()
        self._usual_estimate = None
        self.last_button.hide()

    def fill_from_run(self, settings: SolverSettings) -> None:
        """Show the settings of an earlier run, for its stack.

        A run records the blur that it has estimated and estimates no more, so that the same again gives the
        same. That is no wish of the user for other stacks, or for another session.
        """
        usual = self._usual()
        self.fill(settings)
        self._usual_estimate = usual

    def forget_stack(self) -> None:
        """Take what is each stack's own back: depth range and white level to what the preset says.

        Whether to estimate the blur goes back to what the user had before the settings of a run were loaded.
        """
        _show(self.editors["estimate_blur"], self._usual())
        self._usual_estimate = None
        preset = PRESETS[self.preset.value]()
        near, far = preset.depth_range or (None, None)
        self.near.set_number(near)
        self.far.set_number(far)
        _show(self.editors["white"], preset.white)

    def memory(self) -> dict[str, Any]:
        """Return what :meth:`recall` brings back in another session."""
        return {
            "preset": str(self.preset.value),
            "settings": self.settings().replace(estimate_blur=self._usual()).to_dict(),
            "default_preset": preferences().default_preset,
        }

    def recall(self, values: dict[str, Any]) -> None:
        """Show what :meth:`memory` returned, but for depth range and white level, each stack's own.

        Not where another default preset was chosen since, and not what this version cannot read.
        """
        preset, default = (preset_name(str(values.get(key))) for key in ("preset", "default_preset"))
        settings = values.get("settings")
        if preset not in PRESETS or default != preferences().default_preset:
            return
        self.preset.value = preset
        try:
            recalled = SolverSettings.from_dict(settings if isinstance(settings, dict) else {})
        except (InputError, TypeError):
            return
        recalled = recalled.replace(depth_range=None, white=None)
        if recalled != PRESETS[preset]():
            self.fill(recalled)
            self.last_button.show()

    def _usual(self) -> bool:
        """Whether the user wants the blur of any stack to be estimated."""
        box = bool(self.editors["estimate_blur"].value)
        return box if self._usual_estimate is None else self._usual_estimate

    def _on_estimate(self) -> None:
        self._usual_estimate = None  # from now on it is as the box says

    def _texts(self) -> tuple[str, ...]:
        """What the fields hold."""
        return tuple(str(field.value) for field in (self.near, self.far, *self.editors.values()))

    def show_automatic_range(self, depth_range: tuple[float, float] | None, unit: str) -> None:
        """Show the unit of depth, and in the empty fields the range that will be taken."""
        for field, value in zip((self.near, self.far), depth_range or (None, None), strict=True):
            field.set_unit(unit)
            field.set_placeholder("automatic" if value is None else f"automatic: {value:.4g}")

    def show_automatic_white(self, white: float | None) -> None:
        """Show in the empty field which intensity will count as white."""
        editor = self.editors["white"]
        assert isinstance(editor, NumberField)
        editor.set_placeholder("automatic" if white is None else f"automatic: {format_number(white)}")

    def _fill_preset(self) -> None:
        self.fill(PRESETS[self.preset.value]())

    def _depth_range(self) -> tuple[float, float] | None:
        near, far = self.near.number(), self.far.number()
        if near is None and far is None:
            return None
        if near is None or far is None:
            raise InputError(
                "Give nearest and farthest depth, or neither: then the range is that of the stack."
            )
        return near, far


def _editor(item: "Field[Any]", hint: Any) -> Editor:
    label, tooltip = _title(item.name), _help(item)
    if item.name in CHOICES:
        return ComboBox(label=label, choices=list(CHOICES[item.name]), tooltip=tooltip)
    if hint is bool:
        return CheckBox(label=label, tooltip=tooltip)
    return NumberField(
        label,
        unit=item.metadata.get("unit", ""),
        tooltip=tooltip,
        optional=NoneType in get_args(hint),
        placeholder="automatic" if NoneType in get_args(hint) else "",
    )


def _title(name: str) -> str:
    words = name.replace("_", " ").capitalize()
    return words.replace("Mrf", "MRF").replace("Fista", "FISTA")


def _help(item: "Field[Any]") -> str:
    source = item.metadata.get("source", "")
    return str(item.metadata["help"]) + (f" Source: {source}." if source else "")


def _read(editor: Editor, hint: Any) -> Any:
    if not isinstance(editor, NumberField):
        return editor.value
    words = [word for part in get_args(hint) if get_origin(part) is Literal for word in get_args(part)]
    if editor.value in words:
        return editor.value
    number = editor.number()
    whole = hint is int or int in get_args(hint)
    return int(number) if whole and number is not None and number.is_integer() else number


def _show(editor: Editor, value: Any) -> None:
    if isinstance(editor, NumberField):
        editor.value = "" if value is None else value if isinstance(value, str) else format_number(value)
    else:
        editor.value = value
