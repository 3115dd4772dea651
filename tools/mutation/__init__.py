# SPDX-License-Identifier: Apache-2.0
"""What tools/mutate is made of: find.py sees where a source can be made worse, weave.py compiles all of it in at once, trial.py runs the tests."""
