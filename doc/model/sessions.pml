/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sessions of one account: how they begin, what they may do, and what ends them. Written from the README of src/device/logical-access, not
 * from the code; test/model holds each transition against what a device does, where one session at a time may be open for an account.
 *
 * An account, its role and its password are on the disk; so is a session, for one boot. A login that waits for a new password is in memory.
 * Time goes in units of ten minutes: unused, a session lives for two, and for three at all. The owner asks by his certificate.
 */
/* The account. */
#define NOBODY 0
#define ACTIVE 1
#define SUSPENDED 2
/* Its password: none, one that the owner gave, one of its own choice. */
#define NONE 0
#define GIVEN 1
#define OWN 2

#define IDLE 2
#define LIMIT 3

byte account = NOBODY, password = NONE;
bool role, step;      /* operator; a login that waits for a new password */
bool session;
byte age, unused;     /* of the session; 0 without one */

#define MAKE 1
#define REMOVE 2
#define SUSPEND 3
#define RESUME 4
#define ROLE_GIVE 5
#define ROLE_TAKE 6
#define PASSWORD_GIVE 7
#define PASSWORD_REMOVE 8
#define LOGIN 9
#define LOGIN_WRONG 10
#define RENEW 11
#define CODE 12
#define USE 13
#define CHANGE_OWN 14
#define CLOSE 15
#define END_ALL 16
#define TEN_MINUTES 17
#define RESTART 18
#define POWER_CUT 19

c_decl {
\#include <stdio.h>
};
c_code {
	static const char *const account_words[] = { "nobody", "active", "suspended" };
	static const char *const password_words[] = { "none", "given", "own" };
	static void state_out(const State *s)
	{
		printf("%s %s %s %d ", account_words[s->account], s->role ? "operator" : "-", password_words[s->password], s->step);
		if (s->session)
			printf("%d/%d", s->age, s->unused);
		else
			printf("none");
	}
	static const char *const event_words[] = { "", "make", "remove", "suspend", "resume", "role-give", "role-take", "password-give", "password-remove", "login", "login-wrong", "renew", "code", "use", "change-own", "close", "end-all", "ten-minutes", "restart", "power-cut" };
};

bool had, may, opened; /* the event's own, and nothing between events */
short status;
byte event;

inline begin(name) {
	had = session; may = (role && account == ACTIVE); opened = false; status = 0; event = name;
	c_code { state_out(&now); printf(" | %s | ", event_words[now.event]); }
}

#define other_password (event == PASSWORD_GIVE || event == PASSWORD_REMOVE || event == CHANGE_OWN || event == RENEW)
#define takes_away (event == REMOVE || event == SUSPEND || event == ROLE_TAKE || event == PASSWORD_GIVE || event == PASSWORD_REMOVE || event == CHANGE_OWN || event == CLOSE || event == END_ALL || event == POWER_CUT)

/* After each event. */
inline promise() {
	assert(!session || account == ACTIVE);
	assert(!session || (age < LIMIT && unused < IDLE));
	assert(!session || status >= 400 || !takes_away);      /* what takes something from the account ends what it has open */
	assert(!opened || event == CODE || password == OWN);   /* who gave a password opens nothing by it */
	assert(!opened || !had);                               /* one at a time */
	assert(!step || (account != NOBODY && password != NONE));
	assert(!step || status >= 400 || !other_password);     /* a login ends with the password it began with */
	assert(event != USE || status != 200 || (had && may)); /* asked anew at each use */
	assert(event != USE || status == 200 || !(had && may));
	assert(event != LOGIN_WRONG || !opened);
	c_code { printf("%d | ", now.status); state_out(&now); printf(" | %s\n", !now.session ? "none" : now.opened ? "new" : "same"); };
	had = false; may = false; opened = false; status = 0; event = 0
}

inline open() {
	session = true; age = 0; unused = 0; opened = true; status = 201
}

inline end() {
	session = false; age = 0; unused = 0
}

inline new_password(kind) {
	password = kind; step = false
}

inline open_one() {
	if
	:: session -> status = 409
	:: else -> open()
	fi
}

active proctype device() {
	do
	:: atomic { begin(MAKE);
		if
		:: account == NOBODY -> account = ACTIVE; status = 201
		:: else -> status = 409
		fi;
		promise() }
	:: atomic { begin(REMOVE);
		if
		:: account == NOBODY -> status = 404
		:: else -> end(); account = NOBODY; role = false; password = NONE; step = false; status = 204
		fi;
		promise() }
	:: atomic { begin(SUSPEND);
		if
		:: account == NOBODY -> status = 404
		:: account == SUSPENDED -> status = 204
		:: else -> end(); account = SUSPENDED; status = 204
		fi;
		promise() }
	:: atomic { begin(RESUME);
		if
		:: account == NOBODY -> status = 404
		:: else -> account = ACTIVE; status = 204
		fi;
		promise() }
	:: atomic { begin(ROLE_GIVE);
		if
		:: account == NOBODY -> status = 404
		:: else -> role = true; status = 201
		fi;
		promise() }
	:: atomic { begin(ROLE_TAKE);
		if
		:: !role -> status = 404
		:: else -> end(); role = false; status = 204
		fi;
		promise() }
	:: atomic { begin(PASSWORD_GIVE);
		if
		:: account == NOBODY -> status = 404
		:: else -> end(); new_password(GIVEN); status = 204
		fi;
		promise() }
	:: atomic { begin(PASSWORD_REMOVE);
		if
		:: account == NOBODY -> status = 404
		:: else -> end(); new_password(NONE); status = 204
		fi;
		promise() }
	:: atomic { begin(LOGIN);
		if
		:: account != ACTIVE || password == NONE -> status = 403
		:: account == ACTIVE && password == GIVEN -> step = true; status = 200
		:: else -> open_one()
		fi;
		promise() }
	:: atomic { begin(LOGIN_WRONG); status = 403; promise() }
	:: atomic { begin(RENEW); /* the login that waits for a new password goes on */
		if
		:: !step || account != ACTIVE -> step = false; status = 403
		:: step && account == ACTIVE && session -> status = 409
		:: else -> new_password(OWN); open()
		fi;
		promise() }
	:: atomic { begin(CODE); /* one that the owner asked for */
		if
		:: account == NOBODY -> status = 404
		:: account == SUSPENDED -> status = 409
		:: else -> open_one()
		fi;
		promise() }
	:: atomic { begin(USE);
		if
		:: !session -> status = 401
		:: session && role -> unused = 0; status = 200
		:: else -> unused = 0; status = 403
		fi;
		promise() }
	:: atomic { (password == OWN) -> begin(CHANGE_OWN); /* with the old one */
		if
		:: !session -> status = 401
		:: else -> end(); new_password(OWN); status = 204
		fi;
		promise() }
	:: atomic { begin(CLOSE);
		if
		:: !session -> status = 401
		:: else -> end(); status = 204
		fi;
		promise() }
	:: atomic { begin(END_ALL);
		if
		:: account == NOBODY -> status = 404
		:: else -> end(); status = 204
		fi;
		promise() }
	:: atomic { begin(TEN_MINUTES); step = false;
		if
		:: session -> age++; unused++
		:: else
		fi;
		if
		:: session && (age == LIMIT || unused == IDLE) -> end()
		:: else
		fi;
		promise() }
	:: atomic { begin(RESTART); step = false; unused = 0; promise() } /* in the same boot */
	:: atomic { begin(POWER_CUT); step = false; end(); promise() }
	od
}
