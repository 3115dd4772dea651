/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who owns a device, and how somebody comes to. Written from doc/spec/takeover.md and the README of src/device/logical-access, not
 * from the code; test/model holds each transition against what a device does.
 *
 * What is on the disk (owner, uncollected, owed) outlives a power cut; what is in memory (challenge, browser) does not; a session is
 * on the disk and belongs to one boot. One challenge and one browser stand for the few that there may be.
 * The assertions are what is promised; the verifier tries every order of events there is.
 */
/* The owner's row: of a browser's take-over there is no key. */
#define NOBODY 0
#define WITH_KEY 1
#define WITHOUT_KEY 2
/* A browser's request. */
#define NONE 0
#define WAITS 1
#define CONFIRMED 2
#define COLLECTED 3

byte owner = NOBODY;
bool uncollected, owed;      /* beside the row: its session was never used; the listener key is still that of those before */
bool challenge, session;
byte browser = NONE;

/* Nothing of the device's: what the promises are about. */
bool proven, present;        /* somebody proved the label's secret for this ownership; somebody stood at the console for it */
bool foreign;                /* the listener key is known to whoever had the device before this ownership */

#define CHALLENGE 1
#define TAKE 2
#define TAKE_WRONG 3
#define TAKE_CUT 4
#define BROWSER 5
#define BROWSER_WRONG 6
#define CONFIRM 7
#define CONFIRM_WRONG 8
#define CLAIM 9
#define CLAIM_OTHER 10
#define CLAIM_CUT 11
#define USE_SESSION 12
#define SIX_MINUTES 13
#define HALF_AN_HOUR 14
#define RESTART 15
#define POWER_CUT 16
#define RECOVER 17
#define RECOVER_CUT 18

c_decl {
\#include <stdio.h>
};
c_code {
	static const char *owner_word(int o, int not_collected)
	{
		return o == NOBODY ? "nobody" : o == WITH_KEY ? "key" : not_collected ? "uncollected" : "browser";
	}
	static const char *browser_word(int b)
	{
		return b == NONE ? "none" : b == WAITS ? "waits" : b == CONFIRMED ? "confirmed" : "collected";
	}
	static void state_out(const State *s)
	{
		printf("%s %d %s %d", owner_word(s->owner, s->uncollected), s->challenge, browser_word(s->browser), s->session);
	}
	static const char *const event_words[] = { "", "challenge", "take", "take-wrong", "take-cut", "browser", "browser-wrong", "confirm", "confirm-wrong", "claim", "claim-other", "claim-cut", "use-session", "six-minutes", "half-an-hour", "restart", "power-cut", "recover", "recover-cut" };
};

bool settled, replaced;      /* the event's own, and nothing between events */
short status;
byte event;

inline begin(name) {
	settled = (owner != NOBODY && !uncollected); replaced = false; status = 0; event = name;
	c_code { state_out(&now); printf(" | %s | ", event_words[now.event]); }
}

/* After each event, with nothing under way. */
inline promise(ended_by_hand) {
	assert(!owed);
	assert(owner == NOBODY || proven);                       /* no owner without the label's secret */
	assert(owner != WITHOUT_KEY || present);                 /* and none from a browser without somebody at the console */
	assert(owner == NOBODY || !foreign);                     /* whoever had it before does not hold the key it speaks with */
	assert(!settled || owner != NOBODY || ended_by_hand);    /* ownership ends at the console and nowhere else */
	assert(!session || owner == WITHOUT_KEY);
	assert(owner == NOBODY || (!challenge && (browser == NONE || browser == COLLECTED)));
	assert(browser != COLLECTED || (owner == WITHOUT_KEY && uncollected));
	c_code { printf("%d | ", now.status); state_out(&now); printf(" | %s\n", now.replaced ? "new" : "same"); };
	settled = false; replaced = false; status = 0; event = 0
}

inline new_listener() {
	replaced = true; owed = false; foreign = false
}

inline new_owner(kind) {
	owner = kind; owed = true; foreign = true; challenge = false; browser = NONE
}

/* The roles start again: memory is gone, and what is owed is paid. */
inline start() {
	challenge = false; browser = NONE;
	if
	:: owner == WITHOUT_KEY && uncollected -> owner = NOBODY; uncollected = false; session = false; proven = false; present = false
	:: else
	fi;
	if
	:: owed -> new_listener()
	:: else
	fi
}

inline power_cut() {
	session = false; start()
}

inline proof(right) {
	if
	:: owner != NOBODY -> status = 403
	:: owner == NOBODY && !challenge -> status = 409
	:: owner == NOBODY && challenge && !right -> challenge = false; status = 403
	:: else -> challenge = false; proven = right; status = 0
	fi
}

inline take(right) {
	proof(right);
	if
	:: status == 0 -> new_owner(WITH_KEY); new_listener(); status = 201
	:: else
	fi
}

inline ask_by_browser(right) {
	proof(right);
	if
	:: status == 0 -> browser = WAITS; present = false; status = 202
	:: else
	fi
}

active proctype device() {
	do
	:: atomic { begin(CHALLENGE);
		if
		:: owner == NOBODY -> challenge = true
		:: else
		fi;
		status = 200; promise(false) }
	:: atomic { begin(TAKE); take(true); promise(false) }
	:: atomic { begin(TAKE_WRONG); take(false); promise(false) }
	:: atomic { (owner == NOBODY && challenge) -> begin(TAKE_CUT); proof(true); new_owner(WITH_KEY); power_cut(); promise(false) }
	:: atomic { (browser == NONE) -> begin(BROWSER); ask_by_browser(true); promise(false) }
	:: atomic { begin(BROWSER_WRONG); ask_by_browser(false); promise(false) }
	:: atomic { begin(CONFIRM);
		if
		:: owner != NOBODY -> status = 403
		:: owner == NOBODY && browser == NONE -> status = 404
		:: else -> browser = CONFIRMED; present = true; status = 200
		fi;
		promise(false) }
	:: atomic { begin(CONFIRM_WRONG); status = (owner != NOBODY -> 403 : 404); promise(false) }
	:: atomic { begin(CLAIM);
		if
		:: browser == NONE -> status = 404
		:: browser == WAITS -> status = 202
		:: browser == CONFIRMED -> new_owner(WITHOUT_KEY); new_listener(); uncollected = true; browser = COLLECTED; session = true; status = 201
		:: browser == COLLECTED -> session = true; status = 201
		fi;
		promise(false) }
	:: atomic { begin(CLAIM_OTHER); status = 404; promise(false) }
	:: atomic { (browser == CONFIRMED) -> begin(CLAIM_CUT); new_owner(WITHOUT_KEY); uncollected = true; power_cut(); promise(false) }
	:: atomic { begin(USE_SESSION);
		if
		:: session -> uncollected = false; browser = NONE; status = 200
		:: else -> status = 401
		fi;
		promise(false) }
	:: atomic { begin(SIX_MINUTES); challenge = false; browser = NONE; promise(false) }
	:: atomic { begin(HALF_AN_HOUR); challenge = false; browser = NONE; session = false; promise(false) }
	:: atomic { begin(RESTART); start(); promise(false) }
	:: atomic { begin(POWER_CUT); power_cut(); promise(false) }
	:: atomic { begin(RECOVER);
		owner = NOBODY; uncollected = false; session = false; challenge = false; browser = NONE; proven = false; present = false;
		new_listener(); status = 200; promise(true) }
	:: atomic { begin(RECOVER_CUT); power_cut(); promise(true) } /* the label's secret is another, and the rest as before */
	od
}
