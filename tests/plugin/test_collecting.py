import gc

import pytest
from superqt.utils import WorkerBase
from tiny_stacks import add_stack

from napari_defocus.plugin.collecting import NEVER, collect_all_again, hold_full_collections
from napari_defocus.plugin.defocus_widget import DefocusWidget


@pytest.fixture(autouse=True)
def usual():
    """How often there is a full collection."""
    before = gc.get_threshold()
    assert before[2] < NEVER
    yield before
    assert gc.get_threshold() == before


def test_there_are_none_until_the_last_hold_ends(usual):
    first, second = hold_full_collections(), hold_full_collections()
    assert gc.get_threshold() == (*usual[:2], NEVER)
    first()
    first()
    assert gc.get_threshold()[2] == NEVER
    second()
    assert gc.get_threshold() == usual


def test_there_are_some_again_when_something_was_deleted(usual):
    end = hold_full_collections()
    collect_all_again()
    assert gc.get_threshold() == usual
    end()
    assert gc.get_threshold() == usual


def test_there_are_none_during_a_run_until_a_layer_is_deleted(viewer, qtbot, patient_solver, usual):
    def ended():
        return not widget.panel.running and not WorkerBase._worker_set

    widget = DefocusWidget(viewer)
    qtbot.addWidget(widget)
    add_stack(viewer)
    other = add_stack(viewer, name="other")
    widget.run()
    qtbot.waitUntil(lambda: gc.get_threshold()[2] == NEVER)
    viewer.layers.remove(other)
    assert gc.get_threshold() == usual
    patient_solver.release.set()
    qtbot.waitUntil(ended)
    widget.run()
    qtbot.waitUntil(ended)
    assert gc.get_threshold() == usual


def test_a_widget_that_is_destroyed_in_mid_run_leaves_nothing_changed(
    viewer, qtbot, patient_solver, usual, destroy
):
    widget = DefocusWidget(viewer)
    add_stack(viewer)
    widget.run()
    qtbot.waitUntil(lambda: gc.get_threshold()[2] == NEVER)
    widget.abandon()
    destroy(widget)
    qtbot.waitUntil(lambda: gc.get_threshold() == usual)
    qtbot.waitUntil(lambda: not WorkerBase._worker_set)
