"""What a drawing of the canvas needs, made before it.

vispy hands pixels to the graphics and builds programs that changed in the drawing that follows. Where the
processor draws, that takes half as long again as the drawing itself, and both come in one go.
"""

from typing import Any

from napari.components import ViewerModel

from napari_defocus.plugin.qt_viewer import qt_viewer_of

__all__ = ["canvas_of", "draw_ahead"]


def canvas_of(viewer: ViewerModel) -> Any:
    """Return vispy's canvas of a viewer, None where there is none."""
    return getattr(getattr(qt_viewer_of(viewer), "canvas", None), "_scene_canvas", None)


def draw_ahead(canvas: Any) -> None:
    """Draw one pixel of the canvas, so that the next drawing finds all that has changed."""
    if canvas is None or not (canvas.native.isVisible() and canvas.native.isValid()):
        return  # nothing is drawn, nor is there an OpenGL context
    canvas.set_current()
    canvas.context.set_scissor(0, 0, 1, 1)
    canvas.context.set_state(scissor_test=True)
    try:
        canvas.draw_visual(canvas.scene)
    finally:
        canvas.context.set_state(scissor_test=False)
        canvas.context.finish()
