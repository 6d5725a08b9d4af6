import pytest
from queued_stacks import make_plan, write_six


@pytest.fixture
def stacks(tmp_path):
    """Six stacks: the third is broken, the fourth brings no optics."""
    folder = tmp_path / "stacks"
    write_six(folder)
    return folder


@pytest.fixture
def plan(tmp_path):
    return make_plan(tmp_path / "out")
