# SPDX-License-Identifier: Apache-2.0
"""A fixture for folders whose tests start support services: which store these have."""
import os

import pytest

import pgserver


@pytest.fixture(scope="session", autouse=True)
def other_store():
    """With TW_STORE=postgresql every support service of the run keeps its store in this server."""
    if os.environ.get("TW_STORE") != "postgresql":
        yield None
        return
    if why := pgserver.missing():
        pytest.skip(why)
    with pgserver.Server() as server:
        os.environ["TW_STORE_URL"] = server.url()
        yield server
        os.environ.pop("TW_STORE_URL", None)  # of two folders in one run each has a server of its own
