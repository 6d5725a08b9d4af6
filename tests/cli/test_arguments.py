import pytest

from napari_defocus.cli.arguments import parse_setting
from napari_defocus.errors import InputError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cost_window=7", ("cost_window", 7)),
        ("candidate_step = 0.5", ("candidate_step", 0.5)),
        ("warm_start=False", ("warm_start", False)),
        ("kernel_size=none", ("kernel_size", None)),
        ("kernel_size=proportional", ("kernel_size", "proportional")),
        ("depth_range=[1, 2.5]", ("depth_range", [1, 2.5])),
    ],
)
def test_values_of_every_kind(text, expected):
    assert parse_setting(text) == expected


@pytest.mark.parametrize("text", ["cost_window", "=3", "cost_window=", ""])
def test_what_is_no_setting(text):
    with pytest.raises(InputError, match="name=value"):
        parse_setting(text)
