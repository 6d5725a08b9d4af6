"""The widget "Depth from defocus"."""

from contextlib import suppress

from napari.components import ViewerModel

from napari_defocus.errors import InputError
from napari_defocus.optics import Optics, optics_from_dict
from napari_defocus.plugin.memory import recall, remember
from napari_defocus.plugin.optics_form import OpticsForm
from napari_defocus.plugin.parameters_button import ParametersButton
from napari_defocus.plugin.settings_form import SettingsForm
from napari_defocus.plugin.stack_source import FocalStackLayer
from napari_defocus.plugin.stack_widget import StackWidget
from napari_defocus.plugin.worker import DefocusWorker

__all__ = ["DefocusWidget"]

TITLE = "Depth from defocus"


class DefocusWidget(StackWidget):
    """Depth, all-in-focus image, outliers and confidence by direct optimization.

    Parameters
    ----------
    napari_viewer : ViewerModel
        The viewer it is docked in.
    """

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__(napari_viewer)
        self.optics_form = OpticsForm()
        self.settings_form = SettingsForm()
        self._fields.addWidget(self.optics_form)
        self._fields.addWidget(self.settings_form)
        self.parameters_button = ParametersButton(self.optics_form, self.settings_form)
        self._fields.addWidget(self.parameters_button)
        self._fields.addStretch(1)
        self.optics_form.changed.connect(self._show_automatic_range)
        self._recall()
        self._on_stack()

    def prepare(self, stack: FocalStackLayer) -> tuple[DefocusWorker, tuple[float, float], str]:
        optics = self.optics_form.optics(stack.planes)
        settings = self.settings_form.settings()
        self._remember(optics)
        if settings.white is None:
            settings = settings.replace(white=stack.white)
        if settings.depth_range is not None:
            optics.check_depth_range(settings.depth_range)
        positions = optics.focus_positions_array
        limits = float(positions.min()), float(positions.max())
        return DefocusWorker(stack.images, optics, settings), limits, optics.depth_unit

    def fill(self, stack: FocalStackLayer) -> None:
        self.optics_form.fill(stack)
        self.settings_form.show_automatic_white(stack.white)

    def _remember(self, optics: Optics) -> None:
        remember(TITLE, {"optics": optics.to_dict(), **self.settings_form.memory()})

    def _recall(self) -> None:
        last = recall(TITLE)
        self.settings_form.recall(last)
        with suppress(KeyError, TypeError, AttributeError, InputError):  # nothing, or of another version
            self.optics_form.last = optics_from_dict(last["optics"])

    def _show_automatic_range(self) -> None:
        depth_range = None
        try:
            stack = self.picker.stack()
            if stack is not None:
                depth_range = self.optics_form.optics(stack.planes).default_depth_range()
        except InputError:
            pass  # said when the user presses Run; while typing it would only be in the way
        self.settings_form.show_automatic_range(depth_range, self.optics_form.depth_unit)
