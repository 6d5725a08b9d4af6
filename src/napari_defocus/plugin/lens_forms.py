"""One form for each kind of optics: the figures a person can read off the instrument."""

from typing import Any

from magicgui.widgets import ComboBox

from napari_defocus.errors import InputError
from napari_defocus.optics import Microscope, ThinLens, UncalibratedFocus
from napari_defocus.optics.units import metres
from napari_defocus.plugin.fields import NumberField, PositionsField
from napari_defocus.plugin.form import Form
from napari_defocus.plugin.lengths import PLANES
from napari_defocus.plugin.stack_source import FocalStackLayer, figure

__all__ = ["CameraForm", "MicroscopeForm", "UncalibratedForm"]

UNITS = ("m", "cm", "mm", "um")


class CameraForm(Form):
    """A camera by the figures printed on it."""

    def __init__(self) -> None:
        self.focal_length = NumberField(
            "Focal length",
            unit="mm",
            tooltip="Focal length of the lens, as printed on it or in the photograph's EXIF data; "
            "not the 35 mm equivalent.",
        )
        self.f_number = NumberField(
            "F-number",
            tooltip="Aperture number N of f/N, the same for all planes; from the lens ring or the EXIF data.",
        )
        self.pixel_pitch = NumberField(
            "Pixel pitch",
            unit="um",
            tooltip="Distance of neighbouring pixels on the sensor: sensor width / image width in pixels; "
            "the sensor's width is in the camera's data sheet. For a resized image take the resized width.",
        )
        self.distance_unit = ComboBox(
            label="Unit of depth",
            choices=UNITS,
            value="m",
            tooltip="Unit of the focus distances, of the depth range and of the depth that comes out.",
        )
        self.focus_distances = PositionsField(
            "Focus distances",
            unit="m",
            tooltip="Distance from the lens to the plane in focus, one number for each plane in the order of "
            "the planes; from the lens barrel, the camera's focus bracketing or a measurement. "
            "'1, 1.5, ...' goes on evenly.",
        )
        super().__init__(
            [
                self.focal_length,
                self.f_number,
                self.pixel_pitch,
                self.distance_unit,
                self.focus_distances,
            ]
        )
        self.distance_unit.changed.connect(self._show_unit)

    @property
    def depth_unit(self) -> str:
        """Unit of the depth that comes out."""
        return str(self.distance_unit.value)

    def optics(self, planes: int, blur: dict[str, float]) -> ThinLens:
        """Make the lens from the fields; :class:`InputError` when one is missing or wrong."""
        focal_length = _needed(self.focal_length) * self._in_depth_unit("mm")
        f_number = _needed(self.f_number)
        if not f_number > 0:
            raise InputError(f"F-number must be above 0, but is {f_number:g}.")
        return ThinLens(
            focal_length=focal_length,
            aperture_diameter=focal_length / f_number,
            pixel_pitch=_needed(self.pixel_pitch) * self._in_depth_unit("um"),
            focus_distances=self.focus_distances.positions(planes),
            unit=self.depth_unit,
            **blur,
        )

    def fill(self, lens: ThinLens) -> None:
        """Show a lens."""
        if lens.unit not in self.distance_unit.choices:
            self.distance_unit.choices = (*UNITS, lens.unit)
        self.distance_unit.value = lens.unit
        self._show_unit()
        self.focal_length.set_number(lens.focal_length / self._in_depth_unit("mm"))
        self.f_number.set_number(lens.focal_length / lens.aperture_diameter)
        self.pixel_pitch.set_number(lens.pixel_pitch / self._in_depth_unit("um"))
        self.focus_distances.set_positions(list(lens.focus_distances))

    def fill_partly(self, stack: FocalStackLayer) -> bool:
        """Show the figures that a stack's metadata tell without being complete; return whether any."""
        camera = stack.figures.get("camera")
        known = {
            self.focal_length: figure(camera, "focal_length_mm"),
            self.f_number: figure(camera, "f_number"),
            self.pixel_pitch: figure(stack.figures, "pixel_pitch_um"),
        }
        distances = stack.focus[0] if stack.focus and "subject_distances" in stack.figures else None
        return _show_known(known, self.focus_distances, distances)

    def _in_depth_unit(self, unit: str) -> float:
        """Length of one `unit` in the unit of depth."""
        return metres(unit) / metres(self.depth_unit)

    def _show_unit(self) -> None:
        self.focus_distances.set_unit(self.depth_unit)


class MicroscopeForm(Form):
    """A microscope by the figures on its objective."""

    def __init__(self) -> None:
        self.numerical_aperture = NumberField(
            "Numerical aperture", tooltip="NA of the objective, engraved on it after the magnification."
        )
        self.refractive_index = NumberField(
            "Refractive index",
            tooltip="Refractive index between objective and specimen: air 1, water 1.33, oil 1.515; "
            "the medium is engraved on the objective (W, Oil) and in OME metadata.",
        )
        self.refractive_index.set_number(1.0)
        self.pixel_size = NumberField(
            "Pixel size",
            unit="um",
            tooltip="Size of a pixel on the specimen: camera pixel / total magnification; in the image's "
            "metadata on most microscopes.",
        )
        self.wavelength = NumberField(
            "Wavelength",
            unit="um",
            tooltip="Wavelength of the light that is detected: the middle of the emission filter's band, "
            "or 0.55 um for white light.",
        )
        self.wavelength.set_number(0.55)
        self.focus_positions = PositionsField(
            "Focus positions",
            unit="um",
            tooltip="Height in focus, one number for each plane in the order of the planes; from the z "
            "drive. '0, 0.5, ...' goes on evenly.",
        )
        super().__init__(
            [
                self.numerical_aperture,
                self.refractive_index,
                self.pixel_size,
                self.wavelength,
                self.focus_positions,
            ]
        )

    @property
    def depth_unit(self) -> str:
        """Unit of the height that comes out."""
        return self.pixel_size.unit

    def optics(self, planes: int, blur: dict[str, float]) -> Microscope:
        """Make the microscope from the fields; :class:`InputError` when one is missing or wrong."""
        return Microscope(
            numerical_aperture=_needed(self.numerical_aperture),
            refractive_index=_needed(self.refractive_index),
            pixel_size=_needed(self.pixel_size),
            wavelength=_needed(self.wavelength),
            focus_positions=self.focus_positions.positions(planes),
            unit=self.depth_unit,
            **blur,
        )

    def reset(self) -> None:
        super().reset()
        self._show_unit("um")

    def fill(self, scope: Microscope) -> None:
        """Show a microscope."""
        self._show_unit(scope.unit)
        self.numerical_aperture.set_number(scope.numerical_aperture)
        self.refractive_index.set_number(scope.refractive_index)
        self.pixel_size.set_number(scope.pixel_size)
        self.wavelength.set_number(scope.wavelength)
        self.focus_positions.set_positions(list(scope.focus_positions))

    def fill_partly(self, stack: FocalStackLayer) -> bool:
        """Show the figures that a stack's metadata tell without being complete; return whether any."""
        fields = (self.numerical_aperture, self.refractive_index, self.pixel_size, self.wavelength)
        names = ("numerical_aperture", "refractive_index", "pixel_size", "wavelength")
        known = {field: figure(stack.figures, name) for field, name in zip(fields, names, strict=True)}
        positions = stack.focus[0] if stack.focus and "focus_positions" in stack.figures else None
        return _show_known(known, self.focus_positions, positions)

    def _show_unit(self, unit: str) -> None:
        for field in (self.pixel_size, self.wavelength, self.focus_positions):
            field.set_unit(unit)


class UncalibratedForm(Form):
    """A stack of which only the order of the planes is known."""

    depth_unit = PLANES

    def __init__(self) -> None:
        self.blur_per_plane = NumberField(
            "Blur per plane",
            unit="px",
            tooltip="How much the radius of the blur grows from one plane to the next. Leave it empty to "
            "have it estimated from the stack.",
            optional=True,
            placeholder="estimated from the stack",
        )
        super().__init__([self.blur_per_plane])

    def optics(self, planes: int, blur: dict[str, Any]) -> UncalibratedFocus:
        """Make the optics from the fields; :class:`InputError` when one is wrong."""
        return UncalibratedFocus(planes=planes, blur_per_plane=self.blur_per_plane.number(), **blur)

    def fill(self, optics: UncalibratedFocus) -> None:
        """Show uncalibrated optics."""
        self.blur_per_plane.set_number(optics.blur_per_plane)


def _show_known(
    numbers: dict[NumberField, float | None], field: PositionsField, positions: list[float] | None
) -> bool:
    known = {field: number for field, number in numbers.items() if number is not None}
    for number_field, number in known.items():
        number_field.set_number(number)
    if positions is not None:
        field.set_positions(positions)
    return bool(known) or positions is not None


def _needed(field: NumberField) -> float:
    number = field.number()
    if number is None:  # a field that is not optional has raised before
        raise InputError(f"{field.title} is empty.")
    return number
