"""How depths are said."""

import pytest

from napari_defocus.plugin.lengths import amount_in_words, depth_in_words


@pytest.mark.parametrize(
    ("unit", "depths", "said"),
    [
        ("plane", (6.5062,), "plane 6.51"),
        ("plane", (1, 3.25), "plane 1.00 to 3.25"),
        ("m", (1.53248,), "1.532 m"),
        ("um", (0, 8), "0 to 8 um"),
        ("", (12.5,), "12.5"),
    ],
)
def test_depth(unit, depths, said):
    assert depth_in_words(unit, *depths) == said


@pytest.mark.parametrize(
    ("unit", "said"),
    [("plane", "0.21 planes"), ("um", "0.21 um"), ("", "0.21")],
    ids=["planes", "um", "none"],
)
def test_amount(unit, said):
    assert amount_in_words("0.21", unit) == said
