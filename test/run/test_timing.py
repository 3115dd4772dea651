# SPDX-License-Identifier: Apache-2.0
"""Whether a name is an account's, what state that is in and whether it has a password is told by no work of the device: in processor time, so
that nothing else on the machine counts. bench/timing asks the same by the clock, as somebody at the other end has it."""
import statistics

from timing import EARLY, FAR, KINDS, Login, welch

COUNT = 15
UNSEEN = 0.02  # of what a refusal costs: a row of the store that is there to be read or not


def test_no_work_tells_who_there_is(unit):
    login = Login(unit)
    login.set_up()
    took = login.samples(COUNT)
    within = UNSEEN * statistics.fmean(took["there"])
    for kind in KINDS:
        assert welch(took["there"], took[kind], within) < FAR, (kind, statistics.fmean(took["there"]), statistics.fmean(took[kind]))
    assert welch(took["there"], took[EARLY], within) > FAR, "an answer without a hash would not be noticed"
