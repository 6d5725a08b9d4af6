import threading

import pytest

from napari_defocus.optics.lookahead import AHEAD, map_ahead


def test_results_come_in_order():
    assert list(map_ahead(lambda x: x * x, range(25))) == [x * x for x in range(25)]


def test_only_a_few_items_are_taken_ahead():
    taken = []
    lock = threading.Lock()

    def note(item):
        with lock:
            taken.append(item)
        return item

    results = map_ahead(note, range(100))
    assert next(results) == 0
    results.close()
    assert len(taken) <= AHEAD + 1


def test_an_error_reaches_the_caller():
    def fail(item):
        raise OSError(f"plane {item}")

    with pytest.raises(OSError, match="plane 0"):
        list(map_ahead(fail, range(5)))
