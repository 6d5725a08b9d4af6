"""The button that fills the forms from the parameters of an earlier run."""

from collections.abc import Callable
from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QLabel, QPushButton

from napari_defocus.errors import InputError
from napari_defocus.io.parameters import PARAMETERS_FILE, load_run
from napari_defocus.io.stack_part import StackPart
from napari_defocus.plugin.optics_form import OpticsForm
from napari_defocus.plugin.run_panel import report
from napari_defocus.plugin.settings_form import SettingsForm

__all__ = ["ParametersButton"]

FILE_FILTER = f"Parameters of a run ({PARAMETERS_FILE} *.json);;All files (*)"


class ParametersButton(QPushButton):
    """Fills in optics and settings of an earlier run, for the same numbers again.

    Parameters
    ----------
    optics_form, settings_form : OpticsForm, SettingsForm
        What is filled.
    show_part : callable
        Chooses the part of the stack that the run was of, and returns what to do for the same numbers, a
        sentence; nothing where that is to press Run.

    Attributes
    ----------
    note : QLabel
        Says what was loaded; to be shown beside the button.
    """

    def __init__(
        self, optics_form: OpticsForm, settings_form: SettingsForm, show_part: Callable[[StackPart], str]
    ) -> None:
        super().__init__("Load parameters...")
        self._show_part = show_part
        self._optics_form, self._settings_form = optics_form, settings_form
        self.note = QLabel()
        self.note.setWordWrap(True)
        self.note.hide()
        self.setToolTip(
            f"Fill in optics and settings from the {PARAMETERS_FILE} of a saved result, of this window or of "
            "the command line. Open the stack first. Run then gives the same numbers again."
        )
        self.clicked.connect(self._ask)

    def load(self, path: str | Path) -> None:
        """Fill the forms from a file; an error becomes a notification and changes nothing."""
        try:
            run = load_run(path)
        except InputError as error:
            report(error)
            return
        optics = run.whole_optics
        self._optics_form.last = optics  # should another stack be opened before the run
        self._optics_form.show_optics(optics)
        self._settings_form.fill_from_run(run.settings)
        path = Path(path).absolute()
        file = path / PARAMETERS_FILE if path.is_dir() else path
        said = [f"Loaded from {file.parent.name}/{file.name}."]
        if not run.part.is_whole:
            said.append(f"That run was of {run.part.in_words}.")
        said.append(self._show_part(run.part))
        if run.motion is not None:
            said.append(
                f"Its planes were aligned first (motion: {run.motion}); do so with Align focal stack."
            )
        self.note.setText(" ".join(filter(None, said)))
        self.note.setToolTip(str(file))
        self.note.show()

    def forget(self) -> None:
        """Tell no more what was loaded: the fields are filled in anew."""
        self.note.hide()

    def _ask(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Load parameters", filter=FILE_FILTER)
        if path:
            self.load(path)
