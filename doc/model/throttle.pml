/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who has to wait for logging in: guesses at one account by strangers, from one address again and again and from ever new ones, beside a client
 * that is known there. Written from the README of src/device/logical-access, not from the code; test/model holds each transition against
 * what a device does, with three failures before a wait and all waits of one length.
 *
 * Failures are counted for the account (by strangers), for the address, and for the known client. Those that made somebody wait are on the
 * disk, and after a power cut all of the wait begins anew; fewer are in memory alone. How waits grow, and the places for those that are
 * counted, are none of this model's: test-throttle.c has them.
 */
/* What is counted: this many failures, or at least three, and then the wait or what is behind it. */
#define LIMIT 3
#define WAITS 3
#define OVER 4

byte account, address, client;

/* Nothing of the device's: what the promises are about. */
byte judged; /* guesses of strangers at the account since anything forgave or outlasted any */
bool client_failed;

#define GUESS_ANYWHERE 1
#define GUESS_HERE 2
#define GUESS_OTHER 3
#define GUESS_CODE 4
#define GUESS_CLIENT 5
#define GUESS_CUT 6
#define RIGHT_ANYWHERE 7
#define RIGHT_HERE 8
#define RIGHT_CLIENT 9
#define MINUTE 10
#define HOURS 11
#define POWER_CUT 12

c_decl {
\#include <stdio.h>
};
c_code {
	static const char *const count_words[] = { "0", "1", "2", "waits", "over" };
	static void state_out(const State *s)
	{
		printf("%s %s %s", count_words[s->account], count_words[s->address], count_words[s->client]);
	}
	static const char *const event_words[] = { "", "guess-anywhere", "guess-here", "guess-other", "guess-code", "guess-client", "guess-cut", "right-anywhere", "right-here", "right-client", "minute", "hours", "power-cut" };
};

byte was_account, was_address, was_client; /* the event's own, and nothing between events */
short status;
byte wait, event;

inline begin(name) {
	was_account = account; was_address = address; was_client = client; status = 0; wait = 0; event = name;
	c_code { state_out(&now); printf(" | %s | ", event_words[now.event]); }
}

/* After each event. strangers: the event was theirs, and nothing else's. */
inline promise(strangers) {
	assert(judged <= LIMIT);                                        /* no more guesses in a minute than that, from however many addresses */
	assert(!strangers || client == was_client);                     /* what strangers do keeps no known client waiting */
	assert(client == 0 || client_failed);                           /* only its own failures do */
	assert(event != RIGHT_CLIENT || status == 201 || client == WAITS); /* else it comes in by the right password, always */
	assert(event != RIGHT_CLIENT || account == was_account);        /* and what it does gives strangers no more guesses */
	assert(was_account != WAITS || event >= MINUTE || account == WAITS);   /* a wait ends by time, and by nothing before */
	assert(was_address != WAITS || event >= MINUTE || address == WAITS);
	assert(event != POWER_CUT || was_account < WAITS || account == WAITS); /* a cut of the power least of all */
	assert(event != POWER_CUT || was_address < WAITS || address == WAITS);
	assert(event != POWER_CUT || was_client < WAITS || client == WAITS);
	assert(event != MINUTE || (account != WAITS && address != WAITS && client != WAITS)); /* nobody waits for good */
	c_code { printf("%d | ", now.status); state_out(&now); printf(" | %s\n", now.wait ? "wait" : "go"); };
	was_account = 0; was_address = 0; was_client = 0; status = 0; wait = 0; event = 0
}

inline failed(c) {
	c = (c >= LIMIT - 1 -> WAITS : c + 1)
}

inline refused_or(waits, code) {
	wait = (waits);
	status = (wait -> 429 : code)
}

inline stranger_guesses() {
	judged++; failed(account)
}

inline behind_wait(c) {
	c = (c == WAITS -> OVER : c)
}

/* What is kept is how long somebody had to wait. */
inline behind_cut(c) {
	c = (c >= WAITS -> WAITS : 0)
}

inline cut() {
	behind_cut(account); behind_cut(address); behind_cut(client); judged = 0
}

active proctype device() {
	do
	:: atomic { begin(GUESS_ANYWHERE); refused_or(account == WAITS, 403);
		if
		:: !wait -> stranger_guesses()
		:: else
		fi;
		promise(true) }
	:: atomic { begin(GUESS_HERE); refused_or(account == WAITS || address == WAITS, 403);
		if
		:: !wait -> stranger_guesses(); failed(address)
		:: else
		fi;
		promise(true) }
	:: atomic { begin(GUESS_OTHER); refused_or(address == WAITS, 403); /* at another account */
		if
		:: !wait -> failed(address)
		:: else
		fi;
		promise(true) }
	:: atomic { begin(GUESS_CODE); refused_or(address == WAITS, 403); /* at a code that opens a session */
		if
		:: !wait -> failed(address)
		:: else
		fi;
		promise(true) }
	:: atomic { begin(GUESS_CLIENT); refused_or(client == WAITS, 403);
		if
		:: !wait -> failed(client); client_failed = true
		:: else
		fi;
		promise(false) }
	:: atomic { (account != WAITS && client == 0) -> begin(GUESS_CUT); cut(); promise(false) } /* before it was written that he failed */
	:: atomic { begin(RIGHT_ANYWHERE); refused_or(account == WAITS, 201);
		if
		:: !wait -> account = 0; judged = 0
		:: else
		fi;
		promise(true) }
	:: atomic { begin(RIGHT_HERE); refused_or(account == WAITS || address == WAITS, 201);
		if
		:: !wait -> account = 0; address = 0; judged = 0
		:: else
		fi;
		promise(true) }
	:: atomic { begin(RIGHT_CLIENT); refused_or(client == WAITS, 201);
		if
		:: !wait -> client = 0; client_failed = false
		:: else
		fi;
		promise(false) }
	:: atomic { begin(MINUTE); behind_wait(account); behind_wait(address); behind_wait(client); judged = 0; promise(false) }
	:: atomic { begin(HOURS); account = 0; address = 0; client = 0; judged = 0; client_failed = false; promise(false) }
	:: atomic { begin(POWER_CUT); cut(); client_failed = (client != 0); promise(false) }
	od
}
