/* SPDX-License-Identifier: Apache-2.0 */
/* One good document of each profile, with ' for ", and small edits of them: what a test says is what it changes. */
#ifndef TW_FORMATS_TEST_CSAF_DOCS_H
#define TW_FORMATS_TEST_CSAF_DOCS_H

#include "check.h"
#include "formats/csaf.h"
#include "oom.h"

#define PUBLISHER "'publisher':{'category':'vendor','name':'Lamps','namespace':'https://lamps.example'}"
#define TRACKING                                                                                                                  \
	"'tracking':{'current_release_date':'2026-02-01T10:00:00Z','id':'LAMPS-1','initial_release_date':'2026-01-01T10:00:00Z'," \
	"'generator':{'date':'2026-01-01T09:00:00Z','engine':{'name':'thingward','version':'1'}},'aliases':['L1','L2'],"          \
	"'revision_history':[{'date':'2026-01-01T10:00:00Z','number':'1','summary':'First'},"                                     \
	"{'date':'2026-02-01T10:00:00Z','number':'2','summary':'Second','legacy_version':'b'}],'status':'final','version':'2'}"
#define PARTS(category)                                                                                                       \
	"'document':{'category':'" category "','csaf_version':'2.0','title':'A lamp','lang':'en'," PUBLISHER "," TRACKING "," \
	"'aggregate_severity':{'text':'High','namespace':'https://lamps.example/s'},"                                         \
	"'distribution':{'text':'Share','tlp':{'label':'WHITE','url':'https://www.first.org/tlp/'}},"                         \
	"'acknowledgments':[{'names':['Ann'],'organization':'O','summary':'found it','urls':['https://a.example']}],"         \
	"'notes':[{'category':'summary','text':'It shines.','title':'T','audience':'all'}],"                                  \
	"'references':[{'category':'external','summary':'More','url':'https://lamps.example/1'}]}"
#define HELPER                                                                                                            \
	"{'cpe':'cpe:2.3:h:lamps:lamp:1.0:*:*:*:*:*:*:*','purl':'pkg:deb/debian/lamp@1.0','model_numbers':['L-?'],"       \
	"'serial_numbers':['1'],'skus':['S'],'sbom_urls':['https://lamps.example/sbom'],"                                 \
	"'x_generic_uris':[{'namespace':'https://lamps.example/ns','uri':'urn:lamp:1'}],"                                 \
	"'hashes':[{'filename':'lamp.bin','file_hashes':[{'algorithm':'md5','value':'d41d8cd98f00b204e9800998ecf8427e'}," \
	"{'algorithm':'sha256','value':'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'}]}]}"
#define TREE                                                                                                                    \
	"'product_tree':{'branches':[{'category':'vendor','name':'Lamps','branches':[{'category':'product_name','name':'Lamp'," \
	"'branches':[{'category':'product_version','name':'1.0','product':{'name':'Lamp 1.0','product_id':'P1',"                \
	"'product_identification_helper':" HELPER "}},"                                                                         \
	"{'category':'product_version_range','name':'vers:generic/<1','product':{'name':'Lamp <1','product_id':'P2'}}]}]}],"    \
	"'full_product_names':[{'name':'Hub','product_id':'P3'},{'name':'Plug','product_id':'P4'}],"                            \
	"'relationships':[{'category':'installed_on','product_reference':'P1','relates_to_product_reference':'P3',"             \
	"'full_product_name':{'name':'Lamp on hub','product_id':'P5'}}],"                                                       \
	"'product_groups':[{'group_id':'G1','product_ids':['P1','P2'],'summary':'Lamps'},{'group_id':'G2','product_ids':['P3','P4']}]}"
#define CVSS2 "{'version':'2.0','vectorString':'AV:N/AC:L/Au:N/C:C/I:C/A:C','baseScore':10.0}"
#define CVSS31                                                                                                                      \
	"{'version':'3.1','vectorString':'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H','baseScore':9.8,'baseSeverity':'CRITICAL'," \
	"'attackVector':'NETWORK'}"
#define VULNERABILITIES                                                                                                                       \
	"'vulnerabilities':[{'cve':'CVE-2026-0001','cwe':{'id':'CWE-79','name':"                                                              \
	"'Improper Neutralization of Input During Web Page Generation (\\u0027Cross-site Scripting\\u0027)'},"                                \
	"'title':'Light','discovery_date':'2025-12-01T00:00:00Z','release_date':'2026-01-01T10:00:00+01:00',"                                 \
	"'ids':[{'system_name':'Bugs','text':'17'}],'notes':[{'category':'description','text':'d'}],"                                         \
	"'references':[{'summary':'s','url':'https://lamps.example/2'}],'acknowledgments':[{'names':['Bob']}],"                               \
	"'product_status':{'known_affected':['P1','P5'],'known_not_affected':['P3','P4'],'under_investigation':['P2'],'recommended':['P1']}," \
	"'scores':[{'products':['P1'],'cvss_v2':" CVSS2 ",'cvss_v3':" CVSS31 "}],"                                                            \
	"'flags':[{'label':'component_not_present','group_ids':['G2'],'date':'2026-01-01T00:00:00Z'}],"                                       \
	"'threats':[{'category':'impact','details':'none','product_ids':['P3'],'date':'2026-01-01T00:00:00Z'}],"                              \
	"'involvements':[{'party':'vendor','status':'completed','date':'2026-01-01T00:00:00Z','summary':'done'},"                             \
	"{'party':'discoverer','status':'completed','date':'2026-01-01T00:00:00Z'}],"                                                         \
	"'remediations':[{'category':'vendor_fix','details':'Update','group_ids':['G1'],'date':'2026-01-01T00:00:00Z',"                       \
	"'entitlements':['all'],'restart_required':{'category':'machine','details':'once'},'url':'https://lamps.example/u'},"                 \
	"{'category':'workaround','details':'Unplug','product_ids':['P5']}]},"                                                                \
	"{'cve':'CVE-2026-0002','notes':[{'category':'description','text':'d'}],'product_status':{'fixed':['P1']}}]"

#define BASE "{" PARTS("csaf_base") "}"
#define INCIDENT "{" PARTS("csaf_security_incident_response") "}"
#define INFORMATION "{" PARTS("csaf_informational_advisory") "}"
#define ADVISORY "{" PARTS("csaf_security_advisory") "," TREE "," VULNERABILITIES "}"
#define VEX "{" PARTS("csaf_vex") "," TREE "," VULNERABILITIES "}"

/* At a JSON pointer, JSON with ' for "; NULL takes it away; "-" is the end of an array. */
struct edit {
	const char *where, *json;
};
#define EDITS_MAX 4

static inline char *quoted(const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		abort();
	for (char *at = copy; *at; at++)
		if (*at == '\'')
			*at = '"';
	return copy;
}

static inline json_t *json_of(const char *text)
{
	char *copy = quoted(text);
	json_t *value = json_loads(copy, JSON_DECODE_ANY, NULL);

	if (!value)
		fail_msg("no JSON: %s", copy);
	free(copy);
	return value;
}

static inline void edit_document(json_t *document, const struct edit *e)
{
	const char *at = e->where + 1;
	char part[64];
	json_t *here = document;

	for (;;) {
		size_t size = strcspn(at, "/");
		uint64_t index = 0;

		snprintf(part, sizeof(part), "%.*s", (int)size, at);
		if (json_is_array(here) && strcmp(part, "-") != 0)
			CHECK_OK(tw_parse_u64(tw_slice_of(part), 1000, &index));
		if (!at[size] && json_is_array(here) && *part == '-')
			CHECK_INT(json_array_append_new(here, json_of(e->json ? e->json : "nothing to append")), 0);
		else if (!at[size] && json_is_array(here))
			CHECK_INT(e->json ? json_array_set_new(here, index, json_of(e->json)) : json_array_remove(here, index), 0);
		else if (!at[size])
			CHECK_INT(e->json ? json_object_set_new(here, part, json_of(e->json)) : json_object_del(here, part), 0);
		if (!at[size])
			return;
		here = json_is_array(here) ? json_array_get(here, index) : json_object_get(here, part);
		if (!here)
			fail_msg("%s: there is no %s", e->where, part);
		at += size + 1;
	}
}

/* Which tests fail, by their numbers with blanks between, and the first place of the last of them. */
struct outcome {
	char failed[512], path[256], message[512];
	size_t told;
	bool strict;
};

static inline tw_err on_finding(void *user, const struct tw_csaf_finding *f)
{
	struct outcome *o = user;
	size_t used = strlen(o->failed);
	const char *id = tw_csaf_test_id(f->test), *last = strrchr(o->failed, ' ') ? strrchr(o->failed, ' ') + 1 : o->failed;

	o->told++;
	if (!strcmp(last, id))
		return TW_OK;
	snprintf(o->failed + used, sizeof(o->failed) - used, "%s%s", used ? " " : "", id);
	snprintf(o->path, sizeof(o->path), "%s", f->path);
	snprintf(o->message, sizeof(o->message), "%s", f->message);
	return TW_OK;
}

static inline tw_err check_document(const struct tw_sys *sys, const json_t *document, struct outcome *o)
{
	const struct tw_csaf_check how = { .tell = on_finding, .user = o, .strict = o->strict };
	struct tw_csaf_counts counts;

	*o = (struct outcome){ .strict = o->strict };
	return tw_csaf_check_json(sys, document, &how, &counts);
}

struct row {
	const char *document;
	struct edit edits[EDITS_MAX];
	const char *failed; /* "" is valid */
	const char *path;   /* NULL: not looked at */
};

static inline void check_row(const struct row *row)
{
	TW_CLEANUP(tw_jsonp) json_t *document = json_of(row->document);
	struct outcome o = { 0 };

	for (size_t i = 0; i < EDITS_MAX && row->edits[i].where; i++)
		edit_document(document, &row->edits[i]);
	CHECK_OK(check_document(tw_sys_real(), document, &o));
	if (strcmp(o.failed, row->failed) != 0)
		fail_msg("after %s = %s: failed \"%s\" (%s: %s), want \"%s\"", row->edits[0].where ? row->edits[0].where : "nothing",
			row->edits[0].json ? row->edits[0].json : "(none)", o.failed, o.path, o.message, row->failed);
	if (row->path && strcmp(o.path, row->path) != 0)
		fail_msg("after %s = %s: at %s (%s), want %s", row->edits[0].where,
			row->edits[0].json ? row->edits[0].json : "(none)", o.path, o.message, row->path);
}

#define CHECK_ROWS(rows)                                       \
	do {                                                   \
		for (size_t i_ = 0; i_ < TW_COUNT(rows); i_++) \
			check_row(&(rows)[i_]);                \
	} while (0)

#endif
