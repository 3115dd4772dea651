/* SPDX-License-Identifier: Apache-2.0 */
/* thingward-role: one program for all roles but hands, since they share most of their code and never a process. */
#include "service/role.h"

int main(int argc, char **argv)
{
	return tw_role_main(tw_roles, argc, argv);
}
