/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What somebody standing at a device confirms: by its button, which shows nothing, and at its console, which shows a code. Without an owner that is
 * a browser that takes the device over; with one, that a browser asked to end that. Written from the README of src/device/logical-access,
 * not from the code; test/model holds each transition against what a device does.
 *
 * Two browsers stand for the four that may wait; one request for recovery is all there is, and one source asks for it. Time goes on by two minutes, after
 * which a press means nothing that was asked for before, or until what waits has lapsed. A press that is let go too long ago is in no model.
 * The assertions are what is promised; the verifier tries every order of events there is.
 */
#define NONE 0
#define FRESH 1   /* waits, and was asked for within the minute */
#define OLD 2
#define PRESSED 3 /* of a browser: the button confirmed it, which counts for half a minute */
#define TYPED 4   /* of a browser: its code was typed at the console */
#define TURN 5    /* of recovery: declined or lapsed, and whoever asked lets others have their turn */
#define DONE 6    /* of recovery: ownership was ended while it waited, and whoever asked is told */

bool owned;
byte a = NONE, b = NONE, asked = NONE;

/* Nothing of the device's: what the promises are about. Two minutes have gone by since each was asked; somebody typed the code of this browser, or
   pressed for it a moment ago; recovery was asked for and neither declined nor lapsed; ownership has ended since. */
bool old_a, old_b, old_asked, typed_a, pressed_a, pressed_b, stands, ended;

#define ASK_A 1
#define ASK_B 2
#define PRESS 3
#define HOLD 4
#define HELD_BEFORE 5
#define CONFIRM_A 6
#define CLAIM_A 7
#define CLAIM_B 8
#define ASK 9
#define HOW 10
#define DECLINE 11
#define RECOVER 12
#define TWO_MINUTES 13
#define LAPSE 14
#define RESTART 15

/* What is said of it. */
#define NOTHING 1
#define BEFORE 2
#define TOO_OLD 3
#define SHORT 4
#define SEVERAL 5
#define PENDING 6
#define AGAIN 7
#define UNKNOWN 8
#define WAITING 9
#define RECOVERED 10

c_decl {
\#include <stdio.h>
};
c_code {
	static const char *const waits_words[] = { "none", "fresh", "old", "pressed", "typed", "turn", "done" };
	static const char *const said_words[] = { "-", "presence.nothing", "presence.before", "presence.old", "presence.hold", "presence.several", "recovery.pending", "recovery.again", "recovery.request", "waiting", "recovered" };
	static const char *const event_words[] = { "", "ask-a", "ask-b", "press", "hold", "held-before", "confirm-a", "claim-a", "claim-b", "ask", "how", "decline", "recover", "two-minutes", "lapse", "restart" };
	static void state_out(const State *s)
	{
		printf("%s %s %s %s", s->owned ? "owned" : "nobody", waits_words[s->a], waits_words[s->b], waits_words[s->asked]);
	}
};

bool was_owned, stood, meant; /* the event's own, and nothing between events */
byte was_a, was_b, event, said;
short status;

inline begin(name) {
	was_owned = owned; stood = stands; was_a = a; was_b = b; meant = false; status = 0; said = 0; event = name;
	c_code { state_out(&now); printf(" | %s | ", event_words[now.event]); }
}

/* After each event, with nothing under way. */
inline promise() {
	/* A press went down behind what it confirms, within a minute of it, and only one could be meant. */
	assert(!(a == PRESSED && was_a != PRESSED) || (event != HELD_BEFORE && !old_a && !(was_b == FRESH && !old_b)));
	assert(!(b == PRESSED && was_b != PRESSED) || (event != HELD_BEFORE && !old_b && !(was_a == FRESH && !old_a)));
	/* Ownership ends at the console, or by five seconds at the button, for what was asked within the minute before and stands. */
	assert(!was_owned || owned || event == RECOVER || (event == HOLD && stood && !old_asked));
	/* Nobody comes to own it but by a browser that somebody there meant, and that came for it in time. */
	assert(was_owned || !owned || meant);
	assert(!owned || (a == NONE && b == NONE));                 /* nothing that waited to own it waits beside an owner, */
	assert(owned || (asked != FRESH && asked != OLD));          /* nor to end what has ended */
	assert(event != ASK || status != 202 || !stood);            /* one at a time, so that the button means that one */
	assert(said != WAITING || (stands && owned));               /* who asked is told how it stands, */
	assert(said != RECOVERED || ended);                         /* and of no end that was not */
	c_code { printf("%d | ", now.status); state_out(&now); printf(" | %s\n", said_words[now.said]); };
	was_owned = false; stood = false; meant = false; was_a = 0; was_b = 0; status = 0; said = 0; event = 0
}

inline no_browsers() {
	a = NONE; b = NONE; old_a = false; old_b = false; typed_a = false; pressed_a = false; pressed_b = false
}

inline end() {
	owned = false; no_browsers();
	ended = ended || stands; stands = false;
	if
	:: asked == FRESH || asked == OLD -> asked = DONE
	:: else
	fi
}

inline refuse(why) {
	status = 409; said = why
}

inline press_for_browser(early) {
	if
	:: a != FRESH && b != FRESH && (a == OLD || b == OLD) -> refuse(TOO_OLD)
	:: a != FRESH && b != FRESH && a != OLD && b != OLD -> refuse(NOTHING)
	:: a == FRESH && b == FRESH -> refuse(SEVERAL)
	:: (a == FRESH) != (b == FRESH) && early -> refuse(BEFORE)
	:: a == FRESH && b != FRESH && !early -> a = PRESSED; pressed_a = true; status = 204
	:: b == FRESH && a != FRESH && !early -> b = PRESSED; pressed_b = true; status = 204
	fi
}

inline press_for_recovery(held, early) {
	if
	:: asked != FRESH && asked != OLD -> refuse(NOTHING)
	:: asked == OLD -> refuse(TOO_OLD)
	:: asked == FRESH && early -> refuse(BEFORE)
	:: asked == FRESH && !early && !held -> refuse(SHORT)
	:: asked == FRESH && !early && held -> end(); status = 204
	fi
}

inline press(held, early) {
	if
	:: owned -> press_for_recovery(held, early)
	:: else -> press_for_browser(early)
	fi
}

inline ask_by_browser(which, is_old) {
	if
	:: owned -> status = 403
	:: else -> which = FRESH; is_old = false; status = 202
	fi
}

/* And uses its session, or a start would take the ownership for none. */
inline claim(which, is_meant) {
	if
	:: which == NONE -> status = 404
	:: which == FRESH || which == OLD -> status = 202
	:: else -> meant = is_meant; owned = true; no_browsers(); status = 201
	fi
}

inline waits_on(which) {
	if
	:: which == FRESH || which == PRESSED -> which = OLD
	:: else
	fi
}

active proctype device() {
	do
	:: atomic { (a == NONE) -> begin(ASK_A); ask_by_browser(a, old_a); promise() }
	:: atomic { (b == NONE) -> begin(ASK_B); ask_by_browser(b, old_b); promise() }
	:: atomic { begin(PRESS); press(false, false); promise() }
	:: atomic { begin(HOLD); press(true, false); promise() }
	:: atomic { begin(HELD_BEFORE); press(true, true); promise() } /* for a minute, since before whatever is fresh was asked for */
	:: atomic { begin(CONFIRM_A);
		if
		:: owned -> status = 403
		:: !owned && a == NONE -> status = 404
		:: else -> a = TYPED; typed_a = true; status = 200
		fi;
		promise() }
	:: atomic { begin(CLAIM_A); claim(a, typed_a || pressed_a); promise() }
	:: atomic { begin(CLAIM_B); claim(b, pressed_b); promise() }
	:: atomic { begin(ASK);
		if
		:: !owned -> status = 403
		:: owned && (asked == FRESH || asked == OLD) -> refuse(PENDING)
		:: owned && asked == TURN -> status = 429; said = AGAIN
		:: else -> asked = FRESH; old_asked = false; stands = true; ended = false; status = 202
		fi;
		promise() }
	:: atomic { begin(HOW);
		if
		:: asked == FRESH || asked == OLD -> status = 200; said = WAITING
		:: asked == DONE -> status = 200; said = RECOVERED
		:: else -> status = 404; said = UNKNOWN
		fi;
		promise() }
	:: atomic { begin(DECLINE); /* whoever was shown the code at the console types another */
		if
		:: asked == FRESH || asked == OLD -> asked = TURN
		:: else
		fi;
		stands = false; status = 204; promise() }
	:: atomic { begin(RECOVER); end(); status = 200; promise() } /* at the console, which asks nobody but who types there */
	:: atomic { (a == FRESH || a == PRESSED || b == FRESH || b == PRESSED || asked == FRESH) -> begin(TWO_MINUTES);
		waits_on(a); waits_on(b);
		if
		:: asked == FRESH -> asked = OLD
		:: else
		fi;
		old_a = true; old_b = true; old_asked = true; pressed_a = false; pressed_b = false; promise() }
	:: atomic { begin(LAPSE); /* of recovery what waits, and else all */
		if
		:: asked == FRESH || asked == OLD -> asked = TURN
		:: else -> asked = NONE; no_browsers()
		fi;
		stands = false; promise() }
	:: atomic { begin(RESTART); asked = NONE; stands = false; no_browsers(); promise() }
	od
}
