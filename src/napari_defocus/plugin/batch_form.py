"""What is done to each stack of a batch: where results go, which optics, which settings."""

from collections.abc import Iterable
from pathlib import Path

from magicgui.widgets import CheckBox, ComboBox, LineEdit
from napari.components import ViewerModel
from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QFileDialog, QPushButton, QVBoxLayout, QWidget

from napari_defocus.batch import Plan, no_optics
from napari_defocus.batch.plan import Fallback
from napari_defocus.errors import InputError
from napari_defocus.optics import Optics
from napari_defocus.plugin.align_widget import MOTIONS
from napari_defocus.plugin.depth_layers import newest_depth_layer
from napari_defocus.plugin.form import Form
from napari_defocus.plugin.lens_forms import UNITS
from napari_defocus.plugin.optics_form import OpticsForm
from napari_defocus.plugin.run_panel import report
from napari_defocus.plugin.settings_form import SettingsForm
from napari_defocus.plugin.stack_source import METADATA_KEY
from napari_defocus.solver.settings import SolverSettings

__all__ = ["FALLBACK_NAME", "BatchForm"]

FALLBACK_NAME = "form"
"""What the table says of the optics of this form."""


class BatchForm(QWidget):
    """Output folder, optics for stacks that bring none, settings of the solver.

    Parameters
    ----------
    viewer : ViewerModel
        Its results lend their settings.

    Attributes
    ----------
    optics_changed : Signal
        Stacks without optics now have others, or none.
    """

    optics_changed = Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self._viewer = viewer
        self.output = LineEdit(
            label="Output folder",
            tooltip="Gets a folder for the result of each stack, and batch_summary.csv. A batch that was "
            "stopped goes on where it was when it is run with the same folder again.",
        )
        self.choose_button = QPushButton("Choose output folder...")
        self.align = ComboBox(
            label="Align planes",
            choices=[("no", None), *MOTIONS],
            tooltip="Take out of each stack first how the camera moved and its lens changed the scale, as "
            "Align focal stack does: photographs often need it, the planes of a microscope seldom.",
        )
        self.again = CheckBox(
            label="Overwrite results",
            tooltip="Run again what is done already in the output folder; otherwise that stays as it is.",
        )
        self.without_optics = ComboBox(
            label="Stacks without optics",
            choices=[("are not run", "none"), ("are run with the optics below", "form")],
            tooltip="What becomes of stacks that bring no complete optics, in an optics.toml or in their "
            "metadata. Their depth would have no unit.",
        )
        self.optics_form = OpticsForm()
        self.take_button = QPushButton("Take settings of the newest result")
        self.take_button.setToolTip(
            "Solver settings of the selected depth layer, or of the newest, but for its depth range and "
            "white level, which are each stack's own."
        )
        self.range_unit = ComboBox(
            label="Unit of depth range",
            choices=[*UNITS, "plane"],
            tooltip="Unit of nearest and farthest depth below. They are converted for stacks in another unit "
            "of length; left empty, each stack takes its own range.",
        )
        self.settings_form = SettingsForm()
        self._lay_out()
        self.choose_button.clicked.connect(self._ask_for_folder)
        self.take_button.clicked.connect(self.take_settings)
        self.without_optics.changed.connect(self._on_optics)
        self.optics_form.changed.connect(self._on_optics)
        self.range_unit.changed.connect(self._show_unit)
        self._on_optics()
        self._show_unit()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(Form([self.output]))
        layout.addWidget(self.choose_button)
        layout.addWidget(Form([self.again, self.align, self.without_optics]))
        layout.addWidget(self.optics_form)
        layout.addWidget(self.take_button)
        layout.addWidget(Form([self.range_unit]))
        layout.addWidget(self.settings_form)
        layout.addStretch(1)

    def plan(self, planes: Iterable[int]) -> Plan:
        """Return the plan for stacks of these numbers of planes.

        Raises
        ------
        InputError
            If a field is missing or wrong.
        """
        folder = str(self.output.value).strip()
        if not folder:
            raise InputError("Choose an output folder: each stack's result gets a folder in it.")
        settings = self.settings_form.settings()
        return Plan(
            output=Path(folder).expanduser(),
            settings=settings,
            range_unit=None if settings.depth_range is None else str(self.range_unit.value),
            fallback=self.fallback(planes),
            fallback_name=FALLBACK_NAME,
            align=self.align.value,
            again=bool(self.again.value),
        )

    def fallback(self, planes: Iterable[int]) -> Fallback:
        """Return the optics for stacks that bring none; what it returns does not touch the form."""
        if self.without_optics.value == "none":
            return no_optics
        known: dict[int, Optics | InputError] = {}
        for number in set(planes):
            try:
                known[number] = self.optics_form.optics(number)
            except InputError as error:
                known[number] = error

        def look_up(number: int) -> Optics | None:
            found = known.get(number)
            if isinstance(found, InputError):
                raise found
            if found is None:
                raise InputError(f"It has {number} planes now; remove it and add it again.")
            return found

        return look_up

    def suggest_output(self, folder: Path) -> None:
        """Fill the field of the output folder, if empty, with one beside a folder of stacks."""
        if not str(self.output.value).strip():
            self.output.value = str(
                folder.with_name(f"{folder.name}_depth") if folder.name else folder / "depth"
            )

    def take_settings(self) -> None:
        """Fill in the settings of the selected or newest depth layer; there being none is told."""
        try:
            layer = newest_depth_layer(self._viewer)
            parameters = {} if layer is None else layer.metadata[METADATA_KEY]["parameters"]
            if "settings" not in parameters:
                raise InputError(
                    "No layer is a result of depth from defocus; run that on one stack, or open a result."
                )
            settings = SolverSettings.from_dict(parameters["settings"])
        except InputError as error:
            report(error)
            return
        self.settings_form.fill(settings.replace(depth_range=None, white=None, estimate_blur=True))

    def _ask_for_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Output folder", str(self.output.value))
        if folder:
            self.output.value = folder

    def _on_optics(self) -> None:
        self.optics_form.setVisible(self.without_optics.value == "form")
        self.optics_changed.emit()

    def _show_unit(self) -> None:
        self.settings_form.show_automatic_range(None, str(self.range_unit.value))
