# SPDX-License-Identifier: Apache-2.0
"""These tests open connections by the thousand from every loopback address: in a network of their own, where they disturb nobody."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import world as worlds  # noqa: E402


def pytest_configure(config):
    worlds.enter_namespaces(lambda: config.pluginmanager.getplugin("capturemanager").stop_global_capturing())
