"""A scene of a data set as layers, opened in another thread: its stack may have to be computed."""

from typing import Any

from napari.layers import Image

from napari_defocus.datasets import DatasetScene, load_scene
from napari_defocus.io import FocalStack
from napari_defocus.plugin.opening import OpeningWorker
from napari_defocus.plugin.reader import stack_layer_data
from napari_defocus.plugin.result_layers import DEPTH_COLORMAP

__all__ = ["SceneWorker", "scene_layers"]


class SceneWorker(OpeningWorker):
    """Ends in ``returned`` with a list of layers, not yet in a viewer, or in ``errored``.

    Parameters
    ----------
    dataset, data_dir, key
        As :func:`~napari_defocus.datasets.load_scene` takes them.
    """

    def __init__(self, dataset: str, data_dir: str, key: tuple[str, ...]) -> None:
        super().__init__(data_dir)
        self._scene = dataset, data_dir, key

    def work(self) -> list[Image]:
        """Load the scene and make its layers."""
        return scene_layers(load_scene(*self._scene))


def scene_layers(scene: DatasetScene) -> list[Image]:
    """Return the layers of a scene: what is known to be true, hidden, and the focal stack above it."""
    import dask.array as da

    planes = da.from_array(scene.stack, chunks=(1, *scene.stack.shape[1:]), name=False)
    metadata: dict[str, Any] = {"files": list(scene.files), "white": 1.0}
    stack = FocalStack(planes, optics=scene.optics, metadata=metadata)
    data, options, _ = stack_layer_data(stack)
    name = f"{scene.dataset} {scene.name}"
    layers = [Image(data, **options | {"name": name, "contrast_limits": (0.0, 1.0)})]
    shown: dict[str, Any] = {"axis_labels": ("y", "x"), "visible": False}
    if scene.all_in_focus is not None:
        layers.insert(0, Image(scene.all_in_focus, rgb=True, name=f"{name} true image", **shown))
    depths = {f"true depth ({scene.optics.unit})": scene.truth, "reference depth": scene.reference}
    for what, depth in depths.items():
        if depth is not None:
            layers.insert(0, Image(depth, colormap=DEPTH_COLORMAP, name=f"{name} {what}", **shown))
    return layers
