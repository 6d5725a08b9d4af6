"""Save, load again, export."""

from pathlib import Path
from typing import Any

import numpy as np
import tifffile
import trimesh

from napari_defocus.io import load_result
from session_steps.user import User


def save_all(user: User, widget: Any, depth: Any, folder: Path) -> Path:
    """Save all results, and read them back."""
    user.viewer.layers.selection = {depth}
    with user.answering("getExistingDirectory", folder):
        user.press(widget.save_bar.save_button)
    user.wait(widget.save_bar.save_button.isEnabled, "the files")
    user.idle()
    (saved,) = folder.iterdir()
    np.testing.assert_array_equal(load_result(saved).depth, depth.data)
    with tifffile.TiffFile(saved / "depth.tif") as tif:
        assert 'PhysicalSizeXUnit="µm"' in tif.ome_metadata
    return saved


def load_parameters(user: User, widget: Any, saved: Path, depth: Any) -> None:
    """Load parameters: the run gives the same numbers again."""
    user.type(widget.settings_form.editors["epochs"].native, "1")
    with user.answering("getOpenFileName", saved / "parameters.json"):
        user.press(widget.parameters_button)
    assert f"{saved.name}/parameters.json" in widget.parameters_button.note.text()
    user.look("saved")
    user.run(widget)
    again = user.viewer.layers["microscope depth (um) [2]"]
    np.testing.assert_array_equal(again.data, depth.data)


def export(user: User, widget: Any, depth: Any, folder: Path) -> None:
    """Meshes in the unit of depth, as another program reads them."""
    rows, columns = np.array(depth.data.shape) - 1
    for suffix in ("ply", "obj", "stl"):
        path = folder / f"surface.{suffix}"
        with user.answering("getSaveFileName", path):
            user.press(widget.save_bar.mesh_button)
        user.wait(widget.save_bar.mesh_button.isEnabled, "the mesh")
        user.idle()
        mesh = trimesh.load(path, process=False, force="mesh")
        expected = (columns * depth.scale[1], rows * depth.scale[0], np.ptp(depth.data))
        np.testing.assert_allclose(mesh.extents, expected, rtol=1e-4)
