import io
from types import SimpleNamespace

import pytest

from napari_defocus.cli.progress import ProgressBar


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    stream = Terminal()
    # Not sys.stderr itself, which pytest's capture sets anew between fixture and test.
    monkeypatch.setattr("napari_defocus.cli.progress.sys", SimpleNamespace(stderr=stream))
    return stream


STATE = SimpleNamespace(epoch=1, step="depth", loss=0.0123)


def test_a_terminal_shows_share_message_and_loss(terminal):
    with ProgressBar() as bar:
        bar(0.5, "depth step")
        bar.show_state(STATE)
    shown = terminal.getvalue()
    for text in ("50 %", "depth step", "loss 1.230e-02", "left"):
        assert text in shown


def test_a_fraction_that_falls_or_overshoots_does_no_harm(terminal):
    with ProgressBar() as bar:
        for fraction in (0.4, 0.3, 1.2):
            bar(fraction, "")
        bar.show_state(STATE)
    assert "100 %" in terminal.getvalue()


def test_quiet_shows_nothing_on_a_terminal(terminal):
    with ProgressBar(quiet=True) as bar:
        bar(0.5, "depth step")
        bar.show_state(STATE)
    assert terminal.getvalue() == ""


def test_what_is_no_terminal_gets_no_bar_but_the_steps_when_verbose(capsys):
    with ProgressBar(verbose=True) as bar:
        bar(0.5, "depth step")
        bar.show_state(STATE)
    assert capsys.readouterr().err == "epoch 1, depth: loss 1.230000e-02\n"
