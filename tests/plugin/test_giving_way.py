import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from superqt.utils import WorkerBase

from napari_defocus.optics.lookahead import map_ahead
from napari_defocus.plugin.giving_way import NICER, GivingWay
from napari_defocus.plugin.worker import SolverWorker
from napari_defocus.solver.result import DefocusResult

FIRST_USE_OF_ZARR = """
import os, tempfile, threading
import numpy as np
import zarr
from napari_defocus.plugin.giving_way import GivingWay

def use():
    with tempfile.TemporaryDirectory() as folder:
        zarr.create_array(folder, data=np.eye(8), chunks=(2, 2))[:]

thread = GivingWay(target=use)
thread.start()
thread.join()
started = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
print(len(started), *{os.getpriority(os.PRIO_PROCESS, thread.native_id) for thread in started})
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere priorities are left alone")


def priority(_=None):
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


class Telling(SolverWorker):
    """Tells the priority of each thread that it uses."""

    def __init__(self):
        super().__init__()
        self.told = {}

    def run(self):
        super().run()
        self.told["shared"] = priority()

    def work(self):
        self.told["solver"] = priority()
        self.told["of the solver"] = max(map_ahead(priority, range(8)))

    def best(self):
        self.told["result"] = priority()
        blank = np.zeros((2, 2), np.float32)
        return DefocusResult(blank, blank, blank > 0, blank, (), "plane", "focus", {})


def test_what_a_thread_starts_is_as_nice_and_others_stay_as_they_are():
    before = priority()
    told = []

    def start_another():
        told.append(priority())
        other = threading.Thread(target=lambda: told.append(priority()))
        other.start()
        other.join()

    thread = GivingWay(target=start_another)
    thread.start()
    thread.join()
    assert told == [before + NICER] * 2
    assert priority() == before


def test_all_that_computes_in_a_run_gives_way_and_threads_of_other_plugins_do_not(qapp, qtbot):
    worker = Telling()
    with qtbot.waitSignal(worker.signals.returned):
        worker.start()
    qtbot.waitUntil(lambda: not WorkerBase._worker_set)
    window = priority()
    nicer = window + NICER
    assert worker.told == {"solver": nicer, "of the solver": nicer, "result": nicer, "shared": window}


def test_where_it_is_forbidden_the_work_is_done_all_the_same(monkeypatch):
    def forbidden(*_):
        raise PermissionError

    monkeypatch.setattr(os, "setpriority", forbidden)
    told = []
    thread = GivingWay(target=lambda: told.append(priority()))
    thread.start()
    thread.join()
    assert told == [priority()]


def test_threads_that_zarr_shares_are_as_important_as_before():
    command = [sys.executable, "-c", FIRST_USE_OF_ZARR]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    count, *priorities = map(int, told.split())
    assert count > 1  # the one that reads, and of its pool
    assert priorities == [priority()]
