import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_defocus.errors import InputError
from napari_defocus.optics import (
    Microscope,
    ThinLens,
    UncalibratedFocus,
    load_optics,
    optics_from_dict,
    save_optics,
)

positive = st.floats(1e-3, 1e3, allow_nan=False)
lenses = st.builds(
    ThinLens,
    focal_length=st.floats(1e-4, 0.4),
    aperture_diameter=positive,
    pixel_pitch=positive,
    focus_distances=st.lists(st.floats(0.5, 100), min_size=2, max_size=6, unique=True),
    min_blur=st.floats(0, 3),
)
scopes = st.builds(
    Microscope,
    numerical_aperture=st.floats(0.05, 0.95),
    pixel_size=positive,
    focus_positions=st.lists(st.floats(-50, 50), min_size=2, max_size=6, unique=True),
)
free = st.builds(UncalibratedFocus, planes=st.integers(2, 90), blur_per_plane=st.none() | st.floats(0.01, 9))


@pytest.mark.parametrize("suffix", ["toml", "json"])
@settings(deadline=None, max_examples=25)
@given(optics=lenses | scopes | free)
def test_round_trip(tmp_path_factory, suffix, optics):
    path = tmp_path_factory.mktemp("optics") / f"optics.{suffix}"
    save_optics(optics, path)
    assert load_optics(path) == optics


def test_camera_figures_are_read(tmp_path):
    path = tmp_path / "camera.toml"
    path.write_text(
        'kind = "thin_lens"\nfocal_length_mm = 50\nf_number = 8\npixel_pitch_um = 12\n'
        "focus_distances_m = [1, 1.5, 2.5]\n"
    )
    assert load_optics(path) == ThinLens.from_camera(50, 8, 12, [1, 1.5, 2.5])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("kind = ", "not valid TOML"),
        ('kind = "telescope"\n', "telescope"),
        ('kind = "uncalibrated"\nplanes = 4\nzoom = 2\n', "zoom"),
        ('kind = "thin_lens"\nfocal_length = 0.05\n', "not complete"),
        ('kind = "thin_lens"\nfocal_length_mm = 50\n', "not complete: f_number"),
        ('kind = "microscope"\npixel_size = 1\n', "not complete: numerical_aperture, focus_positions"),
        (
            'kind = "thin_lens"\nfocal_length_mm = 50\nf_number = 8\npixel_pitch_um = 12\n'
            "focus_distances_m = [1, 2]\nzoom = 3\n",
            "Unknown camera parameter 'zoom'",
        ),
        ('kind = "uncalibrated"\nplanes = 1\n', "planes"),
    ],
)
def test_bad_files_are_named(tmp_path, text, says):
    path = tmp_path / "optics.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=says) as caught:
        load_optics(path)
    assert "optics.toml" in str(caught.value)


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        load_optics(tmp_path / "none.toml")


def test_values_of_another_form():
    with pytest.raises(InputError, match="kind"):
        optics_from_dict({})
