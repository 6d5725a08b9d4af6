"""Follow a run step by step and stop it after a time, keeping the best result so far.

python examples/stop_in_time.py [seconds]
"""

import sys
from time import monotonic

from napari_defocus import CancelledError, alternating_minimization, read_focal_stack
from napari_defocus.io.samples import sample_path
from napari_defocus.solver import finish

end = monotonic() + (float(sys.argv[1]) if len(sys.argv) > 1 else 20.0)
stack = read_focal_stack(sample_path("microscope"))
state = None


def stop_in_time(fraction, message):
    """Called several times a second; an exception here stops the solver."""
    if state is not None and monotonic() > end:
        raise CancelledError


try:
    for state in alternating_minimization(stack.images, stack.optics, progress=stop_in_time):
        print(f"epoch {state.epoch} {state.step:<15} loss {state.loss:.3e}")
except CancelledError:
    print("time is up")

result = finish(state)
print(f"height {result.depth.min():.2f} to {result.depth.max():.2f} {result.unit}")
