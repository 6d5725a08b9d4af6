"""Many focal stacks, one after the other: a queue that costs nothing but one stack when something is wrong.

Used by the command line and by the plugin; knows nothing of either.
"""

from napari_defocus.batch.finding import find_stacks
from napari_defocus.batch.inspection import inspect, offer_optics
from napari_defocus.batch.item import Item, State, new_items
from napari_defocus.batch.plan import Plan, no_optics
from napari_defocus.batch.run import run_queue
from napari_defocus.batch.summary import SUMMARY_FILE

__all__ = [
    "SUMMARY_FILE",
    "Item",
    "Plan",
    "State",
    "find_stacks",
    "inspect",
    "new_items",
    "no_optics",
    "offer_optics",
    "run_queue",
]
