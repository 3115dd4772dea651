# SPDX-License-Identifier: Apache-2.0
"""What test/run offers, here too: the same namespaces, world and units."""
import importlib.util
import sys
from pathlib import Path

RUN = Path(__file__).resolve().parents[1] / "run"
sys.path.insert(0, str(RUN))
spec = importlib.util.spec_from_file_location("run_conftest", RUN / "conftest.py")
run_conftest = importlib.util.module_from_spec(spec)
spec.loader.exec_module(run_conftest)

pytest_configure = run_conftest.pytest_configure
world, new_unit, unit, owned = run_conftest.world, run_conftest.new_unit, run_conftest.unit, run_conftest.owned
