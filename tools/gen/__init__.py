# SPDX-License-Identifier: Apache-2.0
"""What tools/gen-catalog.py, tools/trace and tools/check-catalog share."""
