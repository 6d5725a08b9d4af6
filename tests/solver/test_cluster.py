"""Blockwise runs on a real cluster of two worker processes."""

import gc
import os
import signal
import sys

import dask.array as da
import numpy as np
import pytest
from block_scene import BLOCK, LENS, RANGE, SHAPE, agreement, bumps
from distributed import Client, LocalCluster
from numpy.testing import assert_allclose

from napari_defocus import CancelledError, InputError, SolverSettings, solve
from napari_defocus.solver import cluster as solver_cluster

DEFAULT = SolverSettings(depth_range=RANGE)
SIMULATION = SolverSettings.simulation(depth_range=RANGE)


@pytest.fixture(scope="module")
def cluster():
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def client(cluster):
    with Client(cluster, set_as_default=False) as client:
        yield client


@pytest.fixture(scope="module")
def stack():
    return bumps(noise=0.01)


@pytest.fixture(scope="module")
def whole(stack):
    """The untiled solve."""
    return solve(stack, LENS, DEFAULT)


def by_planes(stack):
    """The stack as files are read: lazy, one plane a chunk."""
    return da.from_array(stack, chunks=(1, -1, -1))


def test_default_settings_agree_with_the_untiled_solve(client, stack, whole):
    result = solve(by_planes(stack), LENS, DEFAULT, client=client, block=BLOCK)
    assert isinstance(result.depth, np.ndarray)
    assert agreement(result, whole) >= 0.999
    assert (result.outliers == whole.outliers).mean() >= 0.999
    # Rounding may turn a few choices at depth edges and votes of the median.
    assert (np.abs(result.all_in_focus - whole.all_in_focus) < 1e-3).mean() >= 0.999
    assert (np.abs(result.confidence - whole.confidence) < 1e-2).mean() >= 0.999
    np.testing.assert_allclose(result.losses, whole.losses, rtol=1e-3)
    assert (np.diff(result.losses) <= 0).all()


def test_the_simulation_preset_agrees_with_the_untiled_solve(client, tmp_path):
    stack = bumps(kernel="gaussian")
    whole = solve(stack, LENS, SIMULATION)
    result = solve(by_planes(stack), LENS, SIMULATION, client=client, store=tmp_path / "r.zarr", block=BLOCK)
    assert isinstance(result.depth, da.Array)
    assert agreement(result, whole) >= 0.999
    assert os.listdir(tmp_path) == ["r.zarr"]


@pytest.mark.parametrize("kept", ["in memory", "in zarr"])
def test_a_worker_killed_in_the_middle_costs_time_and_not_the_run(client, stack, tmp_path, kept):
    images = stack[:, :130, :180]  # four blocks
    store = tmp_path / "r.zarr" if kept == "in zarr" else None
    settings = DEFAULT.replace(epochs=2)
    calm = solve(images, LENS, settings, block=BLOCK)
    client.wait_for_workers(2)
    victims = list(client.run(os.getpid).values())[:1]
    second = []

    def kill(share, message):
        """Kill a worker once the first block of the second epoch is done.

        The other blocks are being computed or wait, on what both workers kept of the first epoch.
        """
        if second or message.startswith("epoch 2"):
            second.append(share)
            if share > second[0] and victims:
                os.kill(victims.pop(), signal.SIGKILL)

    result = solve(by_planes(images), LENS, settings, client=client, store=store, block=BLOCK, progress=kill)
    assert not victims
    # Equal to rounding: where arrays begin in memory decides how sums are taken in vector registers.
    for name, tolerance in (("depth", 1e-3), ("all_in_focus", 1e-4), ("confidence", 1e-3)):
        assert_allclose(np.asarray(getattr(result, name)), getattr(calm, name), atol=tolerance, rtol=0)
    assert (np.asarray(result.outliers) == calm.outliers).mean() > 0.9999


def test_of_a_pass_that_is_done_nothing_can_be_computed_again(client, stack, tmp_path, monkeypatch):
    """It would be from arrays that are gone. What waits in vain leaves cycles that hold on to futures."""
    monkeypatch.setattr(solver_cluster, "PATIENCE", 1e-3)
    gc.collect()
    before, left = set(client.futures), None

    def look(share, message):
        nonlocal left
        if message.startswith("epoch"):
            names = {key.split("-")[0] for key in set(client.futures) - before}
            left = names & {"take", "sample_noise", "coarse_costs", "starts", "revised_starts", "start"}

    images = by_planes(stack[:, :130, :180])
    gc.disable()
    try:
        settings = DEFAULT.replace(epochs=1)
        solve(images, LENS, settings, client=client, store=tmp_path / "r.zarr", block=BLOCK, progress=look)
    finally:
        gc.enable()
    assert left == set()


def test_cancelling_drops_the_tasks(client, stack, tmp_path):
    def stop(share, message):
        if message.startswith("epoch 1"):
            raise CancelledError

    for store in (None, tmp_path / "r.zarr"):
        with pytest.raises(CancelledError):
            solve(stack, LENS, DEFAULT, client=client, store=store, block=BLOCK, progress=stop)
        assert not [future for future in client.futures.values() if future.status == "pending"]
    assert os.listdir(tmp_path) == []


def test_bad_input_that_a_worker_finds_is_said_in_its_own_words(client, stack):
    broken = stack.copy()
    broken[2, 190, 250] = np.inf
    with pytest.raises(InputError, match=r"Plane 2 .* infinite"):
        solve(broken, LENS, DEFAULT.replace(white=1.0), client=client, block=BLOCK)


def test_the_command_solves_on_a_scheduler_into_a_store(cluster, client, stack, tmp_path, capsys):
    from napari_defocus import save_optics
    from napari_defocus.cli.main import main

    np.save(tmp_path / "bumps.npy", (stack * 65535).astype(np.uint16))
    save_optics(LENS, tmp_path / "optics.toml")
    store = tmp_path / "bumps.zarr"
    command = ["solve", str(tmp_path / "bumps.npy"), "--optics", str(tmp_path / "optics.toml")]
    command += ["--scheduler", cluster.scheduler_address, "--store", str(store), "--block", str(BLOCK)]
    assert main([*command, "--epochs", "1", "--set", "initialization=focus"]) == 0
    assert f"{SHAPE[1]} x {SHAPE[0]} pixels" in capsys.readouterr().out
    assert str(tmp_path / "bumps.npy") in (store / "zarr.json").read_text()
    assert main([*command, "--parameters", str(store)]) == 2
    assert "is there already" in capsys.readouterr().err


@pytest.mark.parametrize("address", ["nonsense", "tcp://127.0.0.1:1"])
def test_a_scheduler_that_is_not_there_is_named(address, monkeypatch):
    from napari_defocus.cli import blocks

    monkeypatch.setattr(blocks, "PATIENCE", 0.2)
    with pytest.raises(InputError, match=f"No dask scheduler answers at {address}"):
        blocks.connect(address)


def test_what_is_no_client_is_refused(stack):
    with pytest.raises(InputError, match="must be a dask"):
        solve(stack, LENS, DEFAULT, client="tcp://127.0.0.1:8786")


def test_without_distributed_a_cluster_is_refused_in_one_sentence(stack, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"pip install 'napari-defocus\[cluster\]'"):
        solve(stack, LENS, DEFAULT, client=object())
