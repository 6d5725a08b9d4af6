import numpy as np
import pytest

from napari_defocus.errors import InputError
from napari_defocus.solver.memory import block_that_fits, memory_in_blocks, memory_of_run

MIB = 2**20

MEASURED = [
    ((8, 810, 1440), "uint8", 328),
    ((30, 810, 1440), "uint8", 458),
    ((20, 1350, 2880), "uint8", 1046),
    ((8, 810, 1440, 3), "uint8", 512),
    ((8, 1350, 2880, 3), "uint8", 1664),
    ((20, 810, 1440, 3), "uint16", 766),
    ((8, 810, 1440, 3), "float32", 716),
    ((30, 810, 1440, 3), "uint8", 900),
    ((30, 1080, 2160, 3), "uint8", 1613),
]
"""Shape, type, and the growth of the process's peak over that of a small run, MiB."""


@pytest.mark.parametrize(("shape", "dtype", "measured"), MEASURED)
def test_estimate_is_near_what_was_measured_and_not_below(shape, dtype, measured):
    assert 0.95 * measured <= memory_of_run(shape, dtype) / MIB <= 1.4 * measured


def test_estimate_of_blocks_is_near_what_was_measured():
    assert 0.95 * 326 <= memory_in_blocks((8, 1400, 1400, 3), "uint8", 512) / MIB <= 1.4 * 326


def test_types_count_as_they_are_held():
    shape = (10, 500, 500)
    assert memory_of_run(shape, "float64") == memory_of_run(shape, "float32")
    assert memory_of_run(shape, "uint16") - memory_of_run(shape, "uint8") == np.prod(shape)


def test_largest_block_that_fits():
    shape = (30, 8000, 8000, 3)
    for side in (1024, 512, 256, 128):
        need = memory_in_blocks(shape, "uint8", side)
        assert block_that_fits(shape, "uint8", need) == side
    assert block_that_fits(shape, "uint8", need - 1) is None


def test_no_stack():
    with pytest.raises(InputError):
        memory_of_run((10, 20), "uint8")
