import numpy as np
import pytest
from napari.layers import Image
from tiny_stacks import LENS, SCOPE, add_stack, make_stack

from napari_defocus.errors import InputError
from napari_defocus.optics import Microscope, ThinLens, UncalibratedFocus
from napari_defocus.plugin.form import Fold
from napari_defocus.plugin.optics_form import OpticsForm
from napari_defocus.plugin.stack_source import stack_from_layer


@pytest.fixture
def form(qtbot):
    form = OpticsForm()
    qtbot.addWidget(form)
    return form


def test_the_fold_has_an_icon_that_no_binding_takes_for_none(form):
    (fold,) = form.findChildren(Fold)
    for icon in (fold.expandedIcon(), fold.collapsedIcon()):
        assert not icon.isNull()
    assert fold.toggleButton().iconSize().isEmpty()


def filled(form, optics, viewer):
    form.fill(stack_from_layer(add_stack(viewer, make_stack(optics.planes), optics)))
    return form.optics(optics.planes)


@pytest.mark.parametrize(
    "optics",
    [
        LENS,
        SCOPE,
        UncalibratedFocus(planes=4, blur_per_plane=1.7),
        UncalibratedFocus(planes=4),
        ThinLens(
            focal_length=60,
            aperture_diameter=12,
            pixel_pitch=0.004,
            focus_distances=[200, 210, 220],
            unit="mm",
        ),
        ThinLens(
            focal_length=5,
            aperture_diameter=2,
            pixel_pitch=1.5,
            focus_distances=[20, 30],
            min_blur=0.1,
            unit="in",
        ),
        Microscope(
            numerical_aperture=0.9,
            pixel_size=100,
            wavelength=500,
            focus_positions=[0, 300],
            refractive_index=1.33,
            unit="nm",
        ),
    ],
)
def test_optics_of_the_metadata_come_back(form, viewer, optics):
    values = filled(form, optics, viewer).to_dict()
    expected = optics.to_dict()
    assert values.keys() == expected.keys()
    for key, value in expected.items():
        assert values[key] == (value if isinstance(value, str) else pytest.approx(value, rel=1e-9))


def test_labels_show_the_units(form, viewer):
    filled(form, LENS, viewer)
    camera = form.forms[ThinLens.kind]
    labels = {field.label for field in camera.fields}
    assert {"Focal length (mm)", "Pixel pitch (um)", "Focus distances (m)"} <= labels
    camera.distance_unit.value = "mm"
    assert camera.focus_distances.label == "Focus distances (mm)"
    assert form.depth_unit == "mm"


def test_lens_in_inches_is_shown_as_cameras_are_marked(form, viewer):
    lens = ThinLens(
        focal_length=2, aperture_diameter=1, pixel_pitch=0.0002, focus_distances=[20, 30], unit="in"
    )
    filled(form, lens, viewer)
    camera = form.forms[ThinLens.kind]
    assert (camera.focal_length.label, camera.focal_length.number()) == ("Focal length (mm)", 50.8)
    assert (camera.pixel_pitch.label, camera.pixel_pitch.number()) == ("Pixel pitch (um)", 5.08)
    assert camera.focus_distances.label == "Focus distances (in)"


def test_every_field_has_a_tooltip(form):
    for container in (*form.forms.values(), form.blur):
        for field in container.fields:
            assert len(field.tooltip) > 20, field.name


def test_without_optics_the_choice_is_uncalibrated(form, viewer):
    form.fill(stack_from_layer(add_stack(viewer, optics=LENS)))
    form.fill(stack_from_layer(add_stack(viewer, optics=None)))
    assert form.kind.value == UncalibratedFocus.kind
    assert "plane steps" in form.note.text()
    assert isinstance(form.optics(4), UncalibratedFocus)


def test_broken_metadata_are_not_trusted(form, viewer):
    layer = add_stack(viewer)
    layer.metadata["napari_defocus"]["optics"] = {"kind": "thin_lens", "focal_length": -1}
    form.fill(stack_from_layer(layer))
    assert form.kind.value == UncalibratedFocus.kind


def test_microscope_figures_from_physical_axes(form):
    layer = Image(np.zeros((3, 8, 8)), scale=(500, 100, 100), units=("nm", "nm", "nm"))
    form.fill(stack_from_layer(layer))
    scope = form.forms[Microscope.kind]
    assert scope.pixel_size.number() == pytest.approx(0.1)
    assert scope.focus_positions.positions(3) == pytest.approx([0, 0.5, 1])


def test_pixels_are_no_length(form):
    form.fill(stack_from_layer(Image(np.zeros((3, 8, 8)), scale=(2, 1, 1))))
    assert form.forms[Microscope.kind].pixel_size.value == ""


def test_empty_fields_are_named(form):
    form.kind.value = ThinLens.kind
    with pytest.raises(InputError, match="Focal length is empty; give it in mm"):
        form.optics(4)


def test_positions_have_to_match_the_planes(form, viewer):
    filled(form, LENS, viewer)
    with pytest.raises(InputError, match="5 planes but the optics list 4"):
        form.optics(5)


def test_f_number_zero(form, viewer):
    filled(form, LENS, viewer)
    form.forms[ThinLens.kind].f_number.value = "0"
    with pytest.raises(InputError, match="F-number must be above 0"):
        form.optics(4)


def test_only_the_chosen_form_is_shown(form):
    form.show()
    for kind in form.forms:
        form.kind.value = kind
        assert [other for other, part in form.forms.items() if part.isVisible()] == [kind]


@pytest.mark.parametrize(
    "earlier",
    [
        UncalibratedFocus(planes=4, blur_per_plane=2.5, blur_scale=0.5, min_blur=0.2, in_focus_blur=0.7),
        LENS.replace(unit="mm"),
        SCOPE.replace(wavelength=0.4, refractive_index=1.5, unit="nm"),
    ],
)
@pytest.mark.parametrize("later", [None, LENS, SCOPE])
def test_nothing_of_the_previous_stack_is_left(form, viewer, qtbot, earlier, later):
    fresh = OpticsForm()
    qtbot.addWidget(fresh)
    form.fill(stack_from_layer(add_stack(viewer, optics=earlier)))
    for each in (form, fresh):
        each.fill(stack_from_layer(add_stack(viewer, optics=later)))
    for form_, fresh_form in zip(
        (*form.forms.values(), form.blur), (*fresh.forms.values(), fresh.blur), strict=True
    ):
        assert [field.value for field in form_.fields] == [field.value for field in fresh_form.fields]
        assert [field.label for field in form_.fields] == [field.label for field in fresh_form.fields]
    assert form.depth_unit == fresh.depth_unit


@pytest.mark.parametrize("blur", [0.0, 0.3, 2.0])
def test_given_blur_in_focus_of_a_microscope_is_shown(form, viewer, blur):
    assert filled(form, SCOPE.replace(in_focus_blur=blur), viewer).in_focus_blur == blur


CAMERA = {"camera": {"make": "Acme", "focal_length_mm": 4.2, "f_number": 1.8}, "pixel_pitch_um": 1.4}
SCOPE_FIGURES = {"pixel_size": 0.2, "z_step": 0.5, "focus_positions": [0, 0.5, 1, 1.5], "unit": "um"}


def with_figures(form, viewer, **figures):
    form.fill(stack_from_layer(add_stack(viewer, optics=None, figures=figures)))
    return form.forms[form.kind.value]


def test_figures_of_a_camera_without_focus_distances(form, viewer):
    camera = with_figures(form, viewer, **CAMERA)
    assert form.kind.value == ThinLens.kind
    assert (camera.focal_length.number(), camera.f_number.number()) == (4.2, 1.8)
    assert camera.pixel_pitch.number() == 1.4
    assert camera.focus_distances.value == ""
    assert "Still missing: focus distances." in form.note.text()
    camera.focus_distances.value = "1, 2, 3, 4"
    assert "missing" not in form.note.text()
    assert form.note.text().endswith(" 4 focus distances, 1 to 4 m.")  # the field shows the first of many
    assert form.optics(4) == ThinLens.from_camera(4.2, 1.8, 1.4, [1, 2, 3, 4])
    for unfinished in ("1, 2, ...", "1, 2, x"):
        camera.focus_distances.value = unfinished
        assert form.note.text() == "Depth will be in m."


def test_focus_distances_without_a_lens(form, viewer):
    camera = with_figures(form, viewer, subject_distances=[1.0, 2.0, 3.0, 5.0])
    assert camera.focus_distances.positions(4) == [1, 2, 3, 5]
    assert "Still missing: focal length, f-number, pixel pitch." in form.note.text()


def test_figures_of_a_microscope_without_aperture(form, viewer):
    scope = with_figures(form, viewer, **SCOPE_FIGURES, wavelength=0.5)
    assert form.kind.value == Microscope.kind
    assert "Still missing: numerical aperture." in form.note.text()
    scope.numerical_aperture.value = "0.8"
    assert form.optics(4) == Microscope(
        numerical_aperture=0.8, pixel_size=0.2, wavelength=0.5, focus_positions=[0, 0.5, 1, 1.5]
    )


def test_aperture_of_a_microscope_and_scale_of_the_axes(form, viewer):
    layer = add_stack(
        viewer,
        optics=None,
        figures={"numerical_aperture": 0.8, "refractive_index": 1.33, "unit": "um"},
        scale=(500, 100, 100),
        units=("nm",) * 3,
    )
    form.fill(stack_from_layer(layer))
    assert form.optics(4).pixel_size == pytest.approx(0.1)
    assert form.optics(4).refractive_index == 1.33


@pytest.mark.parametrize(
    "figures",
    [
        {"camera": {"make": "Acme", "model": "One"}},
        {"camera": "Acme", "pixel_size": "small", "numerical_aperture": float("nan")},
        {"names": ["a", "b", "c", "d"], "white": 4095.0},
        {"subject_distances": [1, 2]},
        {"focus_positions": ["low", "high", "higher", "top"]},
    ],
)
def test_metadata_without_figures_of_optics(form, viewer, figures):
    with_figures(form, viewer, **figures)
    assert form.kind.value == UncalibratedFocus.kind
    assert isinstance(form.optics(4), UncalibratedFocus)
