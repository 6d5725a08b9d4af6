"""Marks that several test modules share."""

import pytest

from napari_defocus.solver.gco_graph import gco_available

needs_gco = pytest.mark.skipif(not gco_available(), reason="gco-wrapper is not installed")
