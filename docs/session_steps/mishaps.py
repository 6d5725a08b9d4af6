"""What may happen in the middle of a run."""

from pathlib import Path
from typing import Any
from unittest.mock import patch

import dask.array as da
import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from napari_defocus.plugin import memory_offer
from napari_defocus.plugin.focus_widget import FocusWidget
from session_steps.before_and_during import SAMPLE, of_run
from session_steps.user import User

TEXTURE = np.random.default_rng(0).random((200, 260), np.float32)


def too_large(user: User, widget: Any) -> None:
    """A stack for which there is not enough memory: blocks are offered, and Preview runs."""
    tile = np.stack([gaussian_filter(TEXTURE, 0.6 + 0.7 * abs(plane - 6)) for plane in range(12)])
    tile = (255 * (tile - tile.min()) / np.ptp(tile)).astype(np.uint8)
    images = da.tile(da.from_array(tile, chunks=(1, *TEXTURE.shape)), (1, 24, 24))
    user.viewer.add_image(images, name="mosaic", rgb=False, contrast_limits=(0, 255))
    user.wait(lambda: widget.panel.run_button.isEnabled(), "the stack")
    with patch.object(memory_offer, "free_memory", lambda: 3 * 2**30):  # not what this machine has
        user.press(widget.panel.run_button)
        assert not widget.panel.running
        user.watch.expect("Not enough memory: a run takes")
        assert widget.memory_offer.block_button.isVisible()
        user.look("memory_offer", at=widget)
        seconds = user.run(widget, widget.preview_button)
    print(f"preview of {images.shape}: {seconds:.1f} s")
    assert not widget.memory_offer.isVisible()
    assert len(of_run(user, 1)) == 4
    user.delete(*(layer.name for layer in user.viewer.layers))


def bad_stacks(user: User, widget: Any, place: Path) -> None:
    """A folder that is no stack, and a stack with missing values: one sentence that says what to do."""
    for name, side in (("a.png", 40), ("b.png", 40), ("c.png", 50)):
        Image.new("L", (side, side)).save(place / name)
    with user.answering("getExistingDirectory", place):
        widget.picker.open_button.menu().actions()[0].trigger()
    user.wait(widget.picker.open_button.isEnabled, "the folder")
    user.watch.expect("c.png")
    user.close_notices()
    assert not user.viewer.layers
    images = np.stack([gaussian_filter(TEXTURE, 5 + abs(plane - 3)) for plane in range(6)])
    images[3, 50:60, 80:90] = np.nan
    user.viewer.add_image(images, name="with holes", rgb=False, contrast_limits=(0.4, 0.6))
    user.viewer.dims.set_current_step(0, 3)
    user.wait(lambda: widget.panel.run_button.isEnabled(), "the stack")
    user.press(widget.panel.run_button)
    user.wait(lambda: not widget.panel.running, "the error")
    user.idle()
    (told,) = (told.message for told in user.watch.told if str(told.severity) == "error")
    assert told in widget.panel.status.text()
    user.watch.expect(told)
    user.look("bad_stack", close_notices=False)
    assert [layer.name for layer in user.viewer.layers] == ["with holes"]
    user.delete("with holes")


def delete_in_mid_run(user: User, widget: Any) -> None:
    """The stack is deleted; the run ends all the same, and its layers stay."""
    user.menu("File", "Open Sample", "napari-defocus", SAMPLE)
    user.wait(lambda: widget.panel.run_button.isEnabled(), "the sample")
    user.press(widget.panel.run_button)
    user.wait(lambda: len(of_run(user, 1)) == 4, "the first result")
    user.delete("photograph")
    user.settle()
    user.wait(lambda: not widget.panel.running, "the run")
    user.idle()
    assert len(of_run(user, 1)) == 4
    assert widget.panel.status.text().startswith("Done")
    assert "Open a focal stack first" in widget.panel.status.text()
    assert widget.panel.bar.value() == 0
    assert not widget.panel.run_button.isEnabled()
    user.look("stack_deleted")


def second_run(user: User, widget: Any) -> None:
    """Another widget runs at the same time; nothing is overwritten."""
    user.menu("File", "Open Sample", "napari-defocus", SAMPLE)
    user.wait(lambda: widget.panel.run_button.isEnabled(), "the sample")
    user.press(widget.panel.run_button)
    user.wait(lambda: len(of_run(user, 2)) == 4, "the first result")
    other: FocusWidget = user.open("Depth from focus", FocusWidget)
    user.press(other.panel.run_button)
    for each in (other, widget):
        user.wait(lambda each=each: not each.panel.running, "both runs")
    user.idle()
    assert len(of_run(user, 1)) == len(of_run(user, 2)) == len(of_run(user, 3)) == 4
    names = [layer.name for layer in user.viewer.layers]
    assert len(names) == len(set(names))
    last = "photograph focus depth (m) [3]"  # of the run begun last
    assert user.viewer.layers.selection.active.name == last
    user.look("second_run")


def close_in_mid_run(user: User, widget: Any) -> None:
    """The window is closed; the run ends, and no thread is left."""
    user.press(widget.panel.run_button)
    user.wait(lambda: len(of_run(user, 4)) == 4, "the first result")
    user.viewer.close()
    user.idle()
    user.watch.check()
