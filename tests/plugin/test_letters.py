"""Letters of the legend drawn ahead."""

import pytest
from qtpy.QtCore import QObject
from tiny_stacks import add_stack

from napari_defocus.plugin.defocus_widget import DefocusWidget
from napari_defocus.plugin.legend import NAME, name_text
from napari_defocus.plugin.letters import FIGURES, WORDS, LettersAhead


@pytest.fixture
def drawn(viewer):
    """Texts of our overlay, as they come."""
    texts, text = [], name_text(viewer)

    def note():
        assert text.opacity == 0
        texts.append(text.text)

    text.events.text.connect(note)
    return texts


def test_each_letter_is_drawn_once_unseen_and_nothing_is_left(viewer, drawn, qapp, qtbot):
    before = set(viewer.canvas.overlays)
    viewer.canvas.overlays.text.text = "the user's"
    owner = QObject()
    letters = LettersAhead(viewer, owner)
    letters.want("Stone")
    qtbot.waitUntil(lambda: bool(drawn) and not name_text(viewer).visible)
    assert sorted("".join(drawn)) == sorted({*"Stone", *FIGURES, *WORDS})
    drawn.clear()
    letters.want("Stone depths (m)")
    letters.want("Stones")
    assert not letters._timer.isActive()
    assert not drawn
    assert set(viewer.canvas.overlays) == before
    assert viewer.canvas.overlays.text.text == "the user's"


def test_letters_of_a_stack_are_drawn_when_it_is_chosen(viewer, drawn, qtbot):
    widget = DefocusWidget(viewer)
    qtbot.addWidget(widget)
    assert not drawn
    add_stack(viewer, name="Käfer")
    qtbot.waitUntil(lambda: "ä" in "".join(drawn))
    widget.abandon()
    assert not viewer.canvas.overlays[NAME].visible


def test_a_name_that_is_seen_is_not_drawn_over(viewer, qapp, qtbot):
    text, owner = name_text(viewer), QObject()
    text.text, text.visible = "depth", True
    letters = LettersAhead(viewer, owner)
    letters.want("Stone")
    qtbot.waitUntil(lambda: not letters._timer.isActive())
    letters.stop()
    assert (text.text, text.visible) == ("depth", True)
