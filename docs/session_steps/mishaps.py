"""What may happen in the middle of a run."""

from typing import Any

from napari_defocus.plugin.focus_widget import FocusWidget
from session_steps.before_and_during import SAMPLE, of_run
from session_steps.user import User


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
    user.look("second_run")


def close_in_mid_run(user: User, widget: Any) -> None:
    """The window is closed; the run ends, and no thread is left."""
    user.press(widget.panel.run_button)
    user.wait(lambda: len(of_run(user, 4)) == 4, "the first result")
    user.viewer.close()
    user.idle()
    user.watch.check()
