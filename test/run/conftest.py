# SPDX-License-Identifier: Apache-2.0
"""Behaviour tests: the real binaries, in mount, network and process namespaces of their own, with user ids no account holds.

As root the whole run starts itself again inside the namespaces; without root it stays where it is and one user serves.
"""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import liar as liars  # noqa: E402
import world as worlds  # noqa: E402
from other_store import other_store  # noqa: E402,F401


def pytest_configure(config):
    worlds.enter_namespaces(lambda: config.pluginmanager.getplugin("capturemanager").stop_global_capturing())


@pytest.fixture(scope="session")
def world():
    """A manufacturer, its product, and as many devices as a test asks for."""
    if why := worlds.missing():
        pytest.skip(why)
    with worlds.World() as one:
        yield one


@pytest.fixture
def new_unit(world):
    """Makes provisioned devices that are stopped when the test ends."""
    made = []

    def make(name="A"):
        made.append(world.device(f"{len(world.devices):03}-{name}"))
        return made[-1]

    yield make
    for unit in made:
        unit.stop()


@pytest.fixture
def unit(new_unit):
    """A device that runs and has no owner."""
    return new_unit().start()


@pytest.fixture
def owned(unit):
    """A device that runs and belongs to alice, whose directory is unit.owner."""
    unit.take_over()
    return unit


@pytest.fixture
def liar(owned, tmp_path):
    """A server that holds the pinned key of a device named `liar` in the owner's directory and says whatever the test wants."""
    with liars.beside(owned, tmp_path) as one:
        yield one
