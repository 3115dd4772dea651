# SPDX-License-Identifier: Apache-2.0
"""With TW_STORE=postgresql the server that is tried here keeps its store there."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from other_store import other_store  # noqa: E402,F401
