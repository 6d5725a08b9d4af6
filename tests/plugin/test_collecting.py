import gc

import pytest
from superqt.utils import WorkerBase
from tiny_stacks import add_stack

from napari_defocus.plugin.collecting import collect_all_again, old_objects_left_out
from napari_defocus.plugin.defocus_widget import DefocusWidget


@pytest.fixture(autouse=True)
def _nothing_frozen():
    assert gc.get_freeze_count() == 0
    yield
    gc.unfreeze()


def test_old_objects_are_left_out_until_the_last_of_the_blocks_ends():
    with old_objects_left_out():
        with old_objects_left_out():
            assert gc.get_freeze_count() > 0
        assert gc.get_freeze_count() > 0
    assert gc.get_freeze_count() == 0


def test_they_are_collected_again_when_something_was_deleted():
    with old_objects_left_out():
        collect_all_again()
        assert gc.get_freeze_count() == 0
    assert gc.get_freeze_count() == 0


def test_what_another_part_of_the_program_froze_stays_frozen():
    gc.freeze()
    with old_objects_left_out():
        collect_all_again()
        assert gc.get_freeze_count() > 0
    assert gc.get_freeze_count() > 0


def test_an_error_ends_it():
    with pytest.raises(KeyError), old_objects_left_out():
        raise KeyError
    assert gc.get_freeze_count() == 0


def test_a_run_leaves_old_objects_out_and_a_deleted_layer_brings_them_back(viewer, qtbot, patient_solver):
    widget = DefocusWidget(viewer)
    qtbot.addWidget(widget)
    add_stack(viewer)
    other = add_stack(viewer, name="other")
    widget.run()
    qtbot.waitUntil(lambda: gc.get_freeze_count() > 0)
    viewer.layers.remove(other)
    assert gc.get_freeze_count() == 0
    patient_solver.release.set()
    qtbot.waitUntil(lambda: not widget.panel.running and not WorkerBase._worker_set)
    widget.run()
    qtbot.waitUntil(lambda: not widget.panel.running and not WorkerBase._worker_set)
    assert gc.get_freeze_count() == 0
