import re

import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_defocus.errors import InputError
from napari_defocus.io import read_focal_stack
from napari_defocus.io.microscope_metadata import ome_metadata

SIZES = {
    "PhysicalSizeX": 0.325,
    "PhysicalSizeXUnit": "µm",
    "PhysicalSizeY": 0.325,
    "PhysicalSizeYUnit": "µm",
    "PhysicalSizeZ": 2.0,
    "PhysicalSizeZUnit": "µm",
}
POSITIONS = {"Plane": {"PositionZ": [10.0, 12.5, 15.0, 20.0], "PositionZUnit": ["µm"] * 4}}
INSTRUMENT = (
    '<Instrument ID="Instrument:0"><Objective ID="Objective:0" LensNA="0.8" Immersion="Water"/>'
    '<Objective ID="Objective:1" LensNA="0.4" Immersion="Air"/></Instrument>'
)


def write(path, stack, instrument="", settings_xml="", axes="ZYX", **metadata):
    tifffile.imwrite(path, stack, photometric="minisblack", ome=True, metadata={"axes": axes} | metadata)
    if instrument or settings_xml:
        with tifffile.TiffFile(path) as tif:
            xml = tif.ome_metadata
        xml = xml.replace("<Image ", instrument + "<Image ", 1)
        xml = re.sub(r"(<Image [^>]*>)", lambda match: match.group(1) + settings_xml, xml, count=1)
        tifffile.tiffcomment(path, xml.encode())
    return path


def objective(number, index=None):
    more = "" if index is None else f' RefractiveIndex="{index}"'
    return f'<ObjectiveSettings ID="Objective:{number}"{more}/>'


@pytest.fixture
def path(tmp_path):
    return tmp_path / "scope.ome.tif"


def test_complete_metadata_make_a_microscope(path, make_stack):
    channel = {"Channel": {"EmissionWavelength": 520.0, "EmissionWavelengthUnit": "nm"}}
    write(path, make_stack("uint16"), INSTRUMENT, objective(1), **SIZES, **POSITIONS, **channel)
    stack = read_focal_stack(path)
    scope = stack.optics
    assert stack.optics_from == "OME metadata"
    assert scope.kind == "microscope"
    assert (scope.numerical_aperture, scope.pixel_size, scope.unit) == (0.4, 0.325, "um")
    assert scope.refractive_index == 1.0
    assert scope.wavelength == pytest.approx(0.52)
    assert stack.focus == scope.focus_positions == (10.0, 12.5, 15.0, 20.0)
    assert stack.metadata["z_step"] == 2.0
    assert stack.metadata["immersion"] == "Air"


def test_immersion_and_refractive_index(path, make_stack):
    write(path, make_stack(), INSTRUMENT, objective(0), **SIZES)
    assert read_focal_stack(path).optics.refractive_index == 1.333
    write(path, make_stack(), INSTRUMENT, objective(0, index=1.34), **SIZES)
    assert read_focal_stack(path).optics.refractive_index == 1.34


def test_the_only_objective_needs_no_settings(path, make_stack):
    only = (
        INSTRUMENT[: INSTRUMENT.index("<Objective ID=")]
        + INSTRUMENT[INSTRUMENT.index('<Objective ID="Objective:1') :]
    )
    write(path, make_stack(), only, **SIZES)
    assert read_focal_stack(path).optics.numerical_aperture == 0.4


def test_two_objectives_and_no_settings_leave_it_open(path, make_stack):
    write(path, make_stack(), INSTRUMENT, **SIZES)
    stack = read_focal_stack(path)
    assert stack.optics is None
    assert "numerical_aperture" not in stack.metadata
    assert stack.metadata["pixel_size"] == 0.325


def test_positions_from_the_step(path, make_stack):
    write(path, make_stack(), **SIZES)
    stack = read_focal_stack(path)
    assert stack.focus == (0.0, 2.0, 4.0, 6.0)
    assert stack.unit == "um"
    assert stack.optics is None


@pytest.mark.parametrize(("unit", "factor"), [("nm", 1e-3), ("mm", 1e3), ("µm", 1.0), ("m", 1e6)])
def test_units_become_micrometres(path, make_stack, unit, factor):
    units = {f"PhysicalSize{axis}Unit": unit for axis in "XYZ"}
    plane = {"Plane": {"PositionZ": [1.0, 2.0, 3.0, 4.0], "PositionZUnit": [unit] * 4}}
    write(path, make_stack(), **(SIZES | units), **plane)
    stack = read_focal_stack(path)
    assert stack.metadata["pixel_size"] == pytest.approx(0.325 * factor)
    assert stack.focus == pytest.approx([factor, 2 * factor, 3 * factor, 4 * factor])


def test_unit_pixel_is_no_length(path, make_stack):
    units = {f"PhysicalSize{axis}Unit": "pixel" for axis in "XYZ"}
    write(path, make_stack(), INSTRUMENT, objective(1), **(SIZES | units))
    stack = read_focal_stack(path)
    assert "pixel_size" not in stack.metadata
    assert stack.focus is None
    assert stack.optics is None
    assert stack.metadata["numerical_aperture"] == 0.4


def test_one_micrometre_is_a_placeholder_unless_something_else_is_known(path, make_stack):
    ones = {f"PhysicalSize{axis}": 1.0 for axis in "XYZ"}
    write(path, make_stack(), **ones)
    stack = read_focal_stack(path)
    assert set(stack.metadata) == {"names"}
    assert stack.focus is None
    write(path, make_stack(), INSTRUMENT, objective(1), **ones)
    assert read_focal_stack(path).optics.pixel_size == 1.0
    write(path, make_stack(), **(ones | {"PhysicalSizeZ": 0.5}))
    assert read_focal_stack(path).metadata["pixel_size"] == 1.0


@pytest.mark.parametrize(("values", "known"), [([5.0, 7, 9, 11], True), ([5.0, 8, 11, 14], False)])
def test_positions_without_a_unit_need_the_step_to_bear_them_out(path, make_stack, values, known):
    write(path, make_stack(), **SIZES, Plane={"PositionZ": values})
    assert read_focal_stack(path).focus == ((5.0, 7.0, 9.0, 11.0) if known else (0.0, 2.0, 4.0, 6.0))


@pytest.mark.parametrize("values", [[3.0, 3, 3, 3], [1.0, 3, 3, 5]])
def test_equal_positions_say_nothing(path, make_stack, values):
    write(path, make_stack(), **SIZES, Plane={"PositionZ": values, "PositionZUnit": ["µm"] * 4})
    assert read_focal_stack(path).focus == (0.0, 2.0, 4.0, 6.0)


def test_time_series_took_no_steps(path, make_stack):
    write(path, make_stack(), axes="TYX", **SIZES)
    stack = read_focal_stack(path)
    assert stack.focus is None
    assert stack.metadata["pixel_size"] == 0.325


def test_channels_are_no_planes(path, make_stack):
    write(path, make_stack(planes=3), axes="CYX", Channel={"Name": ["DAPI", "GFP", "RFP"]})
    with pytest.raises(InputError, match=r"scope\.ome\.tif has 3 channels \(DAPI, GFP, RFP\)"):
        read_focal_stack(path)


def test_aperture_that_the_medium_cannot_have_is_no_optics(path, make_stack):
    oil = INSTRUMENT.replace('"0.4" Immersion="Air"', '"1.3" Immersion="Other"')
    write(path, make_stack(), oil, objective(1), **SIZES)
    stack = read_focal_stack(path)
    assert stack.optics is None
    assert stack.metadata["numerical_aperture"] == 1.3


@pytest.mark.parametrize("xml", ["", "no XML", "<OME/>", "<OME><Image><Pixels/></Image></OME>"])
def test_ome_that_says_nothing(xml):
    assert ome_metadata(xml, 4, "x") == {}


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pixel=st.floats(0.01, 50).filter(lambda value: value != 1),
    positions=st.lists(st.floats(-1e4, 1e4), min_size=4, max_size=4, unique=True).filter(
        lambda v: max(v) - min(v) > 1e-6
    ),
)
def test_sizes_and_positions_survive_the_file(path, make_stack, pixel, positions):
    sizes = SIZES | {"PhysicalSizeX": pixel, "PhysicalSizeY": pixel}
    write(path, make_stack(), **sizes, Plane={"PositionZ": positions, "PositionZUnit": ["µm"] * 4})
    stack = read_focal_stack(path)
    assert stack.metadata["pixel_size"] == pytest.approx(pixel)
    assert stack.focus == pytest.approx(positions)


@pytest.mark.parametrize(
    ("unit", "factor"), [("um", 1), ("micron", 1), ("\\u00B5m", 1), ("mm", 1000), ("nm", 0.001)]
)
def test_imagej_calibration(tmp_path, make_stack, unit, factor):
    path = tmp_path / "ij.tif"
    metadata = {"spacing": 2.0, "unit": unit, "axes": "ZYX"}
    tifffile.imwrite(path, make_stack(), imagej=True, resolution=(4.0, 4.0), metadata=metadata)
    stack = read_focal_stack(path)
    assert stack.metadata["pixel_size"] == pytest.approx(0.25 * factor)
    assert stack.focus == pytest.approx([0, 2 * factor, 4 * factor, 6 * factor])
    assert stack.unit == "um"


@pytest.mark.parametrize(
    "metadata", [{}, {"unit": "pixel", "spacing": 1.0}, {"unit": "inch"}, {"unit": "um"}]
)
def test_imagej_placeholders(tmp_path, make_stack, metadata):
    path = tmp_path / "ij.tif"
    tifffile.imwrite(path, make_stack(), imagej=True, resolution=(1, 1), metadata={"axes": "ZYX"} | metadata)
    stack = read_focal_stack(path)
    assert set(stack.metadata) == {"names"}
    assert stack.focus is None
