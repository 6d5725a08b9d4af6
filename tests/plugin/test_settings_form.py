from dataclasses import fields

import pytest

from napari_defocus.errors import InputError
from napari_defocus.plugin.settings_form import PRESETS, SettingsForm
from napari_defocus.solver.settings import SolverSettings


@pytest.fixture
def form(qtbot):
    form = SettingsForm()
    qtbot.addWidget(form)
    return form


@pytest.mark.parametrize("preset", list(PRESETS))
def test_preset_fills_the_fields(form, preset):
    form.preset.value = preset
    assert form.settings() == PRESETS[preset]()


def test_every_setting_has_a_field_with_its_help(form):
    for item in fields(SolverSettings):
        editor = form.near if item.name == "depth_range" else form.editors[item.name]
        assert item.metadata["help"] in editor.tooltip


def test_edits_reach_the_settings(form):
    form.editors["epochs"].value = "3"
    form.editors["warm_start"].value = False
    form.editors["boundary"].value = "zero"
    form.editors["kernel_size"].value = "proportional"
    form.editors["white"].value = "4095"
    form.near.value, form.far.value = "0.5", "7"
    assert form.settings() == SolverSettings(
        epochs=3,
        warm_start=False,
        boundary="zero",
        kernel_size="proportional",
        white=4095,
        depth_range=(0.5, 7),
    )


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("epochs", "", "Epochs is empty"),
        ("epochs", "2.5", "epochs must be a whole number"),
        ("epochs", "nan", "epochs must be a whole number"),
        ("mrf_smoothness", "-1", "mrf_smoothness must be a finite number of at least 0"),
        ("kernel_size", "10", "kernel_size must be odd"),
        ("outlier_threshold", "lots", "Outlier threshold must be a number"),
    ],
)
def test_bad_setting_is_named(form, name, text, message):
    form.editors[name].value = text
    with pytest.raises(InputError, match=message):
        form.settings()


def test_the_estimate_of_the_blur_is_a_box_above_the_fold(form):
    box = form.editors["estimate_blur"]
    assert form.settings().estimate_blur is box.value is True
    assert "from the stack" in box.tooltip
    assert not form.fold.isAncestorOf(box.native)
    box.native.click()
    assert form.settings().estimate_blur is False


@pytest.mark.parametrize("usual", [True, False])
def test_whether_a_loaded_run_estimates_the_blur_holds_for_its_stack_only(form, usual):
    box = form.editors["estimate_blur"]
    box.value = usual
    form.fill_from_run(SolverSettings(estimate_blur=False, epochs=3))
    assert form.settings() == SolverSettings(estimate_blur=False, epochs=3)
    assert form.memory()["settings"]["estimate_blur"] is usual
    form.forget_stack()
    assert form.settings() == SolverSettings(estimate_blur=usual, epochs=3)


def test_what_the_user_says_after_loading_a_run_holds(form):
    box = form.editors["estimate_blur"]
    form.fill_from_run(SolverSettings(estimate_blur=False))
    box.native.click()
    box.native.click()
    assert form.memory()["settings"]["estimate_blur"] is False
    form.forget_stack()
    assert form.settings().estimate_blur is False


def test_loading_a_second_run_does_not_make_the_first_one_usual(form):
    form.fill_from_run(SolverSettings(estimate_blur=False))
    form.fill_from_run(SolverSettings(estimate_blur=False, epochs=3))
    form.forget_stack()
    assert form.settings().estimate_blur is True


def test_half_a_depth_range(form):
    form.near.value = "1"
    with pytest.raises(InputError, match="Give nearest and farthest depth"):
        form.settings()


def test_automatic_range_is_shown_with_its_unit(form):
    form.show_automatic_range((0.8, 8.25), "m")
    assert form.near.label == "Nearest depth (m)"
    assert form.far.native.placeholderText() == "automatic: 8.25"
