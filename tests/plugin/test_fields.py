import pytest

from napari_defocus.errors import InputError
from napari_defocus.plugin.fields import NumberField, PositionsField

pytestmark = pytest.mark.usefixtures("qapp")


def test_number_and_its_unit():
    field = NumberField("Focal length", unit="mm", tooltip="On the lens.")
    field.set_number(50.25)
    assert field.number() == 50.25
    assert field.label == "Focal length (mm)"
    field.set_unit("m")
    assert field.label == "Focal length (m)"


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e-6, 12345678.5])
def test_number_comes_back_to_ten_digits(value):
    field = NumberField("Pitch")
    field.set_number(value)
    assert field.number() == pytest.approx(value, rel=1e-9)


def test_empty_number():
    with pytest.raises(InputError, match=r"Focal length is empty; give it in mm\."):
        NumberField("Focal length", unit="mm").number()
    assert NumberField("Blur", optional=True).number() is None


def test_number_that_is_none():
    field = NumberField("Focal length")
    field.value = "5o"
    with pytest.raises(InputError, match="Focal length must be a number, but is '5o'"):
        field.number()


@pytest.mark.parametrize("text", ["1, 1.5, 2", "1 1.5 2", "1;1.5;2", "1\t1.5,  2,"])
def test_positions_in_any_list(text):
    field = PositionsField("Focus distances", unit="m", tooltip="")
    field.value = text
    assert field.positions(3) == [1, 1.5, 2]


@pytest.mark.parametrize("text", ["0, 0.5, ...", "0, 0.5 …", "0, 0.5, 1, ..."])
def test_positions_go_on_evenly(text):
    field = PositionsField("Focus positions", unit="um", tooltip="")
    field.value = text
    assert field.positions(5) == pytest.approx([0, 0.5, 1, 1.5, 2])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "are empty; list one for each of the 4 planes in um"),
        ("1, two", "must be a number, but is 'two'"),
        ("1, ...", "at least two numbers"),
    ],
)
def test_positions_that_are_none(text, message):
    field = PositionsField("Focus positions", unit="um", tooltip="")
    field.value = text
    with pytest.raises(InputError, match=message):
        field.positions(4)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("1, 2.5, 2", "3 focus distances, 1 to 2.5 m."),
        ("", ""),
        ("1, 1.5, ...", ""),  # of how many planes it does not know
        ("1, x", ""),
    ],
)
def test_what_a_long_list_spans(text, span):
    field = PositionsField("Focus distances", unit="m", tooltip="One a plane.")
    field.value = text
    assert field.span() == span
    assert field.tooltip == (f"One a plane. Here: {text}" if text else "One a plane.")
