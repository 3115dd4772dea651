/* SPDX-License-Identifier: Apache-2.0 */
#include "service/parent/notify.h"

#include "base/mem.h"
#include "check.h"
#include "sys/real.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void test_says_it_to_a_named_socket(void **state)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct tw_notify n;
	char name[64], heard[64] = "";
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	/* In the abstract name space, which the protocol writes with an @. */
	(void)snprintf(name, sizeof name, "@tw-notify-%d", (int)getpid());
	memcpy(at.sun_path + 1, name + 1, strlen(name) - 1);
	CHECK_INT(bind(fd, (struct sockaddr *)&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))), 0);
	CHECK_OK(tw_notify_open(tw_sys_real(), name, "30000000", &n));
	CHECK_INT(n.watchdog_ms, 30000);
	tw_notify_say(&n, "READY=1\n");
	CHECK_INT(recv(fd, heard, sizeof heard, MSG_DONTWAIT), 8);
	CHECK_TEXT(heard, "READY=1\n");
	tw_closep(&n.fd);
	tw_closep(&fd);
}

/* Core is not hands: it must not tell the service manager which process is the main one. */
static void test_status_stays_one_line(void **state)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	static const char words[] = "thermostat 1.0\nMAINPID=1\n";
	struct tw_notify n;
	char name[64], heard[512] = "", many[600];
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)snprintf(name, sizeof name, "@tw-notify-status-%d", (int)getpid());
	memcpy(at.sun_path + 1, name + 1, strlen(name) - 1);
	CHECK_INT(bind(fd, (struct sockaddr *)&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))), 0);
	CHECK_OK(tw_notify_open(tw_sys_real(), name, NULL, &n));
	tw_notify_ready(&n, (struct tw_slice){ words, sizeof words - 1 });
	CHECK(recv(fd, heard, sizeof heard - 1, MSG_DONTWAIT) > 0);
	CHECK_TEXT(heard, "READY=1\nSTATUS=thermostat 1.0?MAINPID=1?\n");
	memset(many, 'x', sizeof many);
	tw_notify_ready(&n, (struct tw_slice){ many, sizeof many });
	CHECK_INT(recv(fd, heard, sizeof heard - 1, MSG_DONTWAIT), 399);
	CHECK_INT(heard[398], '\n');
	tw_closep(&n.fd);
	tw_closep(&fd);
}

static void test_nobody_listens(void **state)
{
	struct tw_notify n;

	CHECK_OK(tw_notify_open(tw_sys_real(), NULL, NULL, &n));
	CHECK_INT(n.fd, -1);
	CHECK_INT(n.watchdog_ms, 0);
	tw_notify_say(&n, "READY=1\n");
	CHECK_OK(tw_notify_open(tw_sys_real(), "", "0", &n));
}

static void test_refuses(void **state)
{
	struct tw_notify n;
	char name[200];

	CHECK_ERR(tw_notify_open(tw_sys_real(), "relative", NULL, &n), SYNTAX);
	memset(name, '/', sizeof name);
	name[sizeof name - 1] = '\0';
	CHECK_ERR(tw_notify_open(tw_sys_real(), name, NULL, &n), SYNTAX);
	CHECK_ERR(tw_notify_open(tw_sys_real(), NULL, "soon", &n), SYNTAX);
	CHECK_ERR(tw_notify_open(tw_sys_real(), "/tmp/tw-notify-nobody", NULL, &n), IO);
}

CHECK_MAIN(cmocka_unit_test(test_says_it_to_a_named_socket), cmocka_unit_test(test_status_stays_one_line),
	cmocka_unit_test(test_nobody_listens), cmocka_unit_test(test_refuses))
