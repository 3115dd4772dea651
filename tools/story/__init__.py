# SPDX-License-Identifier: Apache-2.0
"""What tools/demo is made of: showing progress, and keeping track of what it started."""
