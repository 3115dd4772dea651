/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metrics of each version with their values: codes and weights from the specifications, names as the official JSON schemas
 * spell them. The order is that of a vector.
 */
#include "formats/cvss-inside.h"

#define VALUES(name, ...) static const struct tw_cvss_value name[] = { __VA_ARGS__, {} }
#define UNDEFINED2(weight)                  \
	{                                   \
		"ND", "NOT_DEFINED", weight \
	}
#define UNDEFINED(weight)                  \
	{                                  \
		"X", "NOT_DEFINED", weight \
	}

/* 2.0 */
VALUES(vector2, { "L", "LOCAL", 395 }, { "A", "ADJACENT_NETWORK", 646 }, { "N", "NETWORK", 1000 });
VALUES(complexity2, { "H", "HIGH", 350 }, { "M", "MEDIUM", 610 }, { "L", "LOW", 710 });
VALUES(authentication2, { "M", "MULTIPLE", 450 }, { "S", "SINGLE", 560 }, { "N", "NONE", 704 });
VALUES(impact2, { "N", "NONE", 0 }, { "P", "PARTIAL", 275 }, { "C", "COMPLETE", 660 });
VALUES(exploitability2, UNDEFINED2(1000), { "U", "UNPROVEN", 850 }, { "POC", "PROOF_OF_CONCEPT", 900 }, { "F", "FUNCTIONAL", 950 },
	{ "H", "HIGH", 1000 });
VALUES(remediation2, UNDEFINED2(1000), { "OF", "OFFICIAL_FIX", 870 }, { "TF", "TEMPORARY_FIX", 900 }, { "W", "WORKAROUND", 950 },
	{ "U", "UNAVAILABLE", 1000 });
VALUES(confidence2, UNDEFINED2(1000), { "UC", "UNCONFIRMED", 900 }, { "UR", "UNCORROBORATED", 950 }, { "C", "CONFIRMED", 1000 });
VALUES(damage2, UNDEFINED2(0), { "N", "NONE", 0 }, { "L", "LOW", 100 }, { "LM", "LOW_MEDIUM", 300 }, { "MH", "MEDIUM_HIGH", 400 },
	{ "H", "HIGH", 500 });
VALUES(distribution2, UNDEFINED2(1000), { "N", "NONE", 0 }, { "L", "LOW", 250 }, { "M", "MEDIUM", 750 }, { "H", "HIGH", 1000 });
VALUES(requirement2, UNDEFINED2(1000), { "L", "LOW", 500 }, { "M", "MEDIUM", 1000 }, { "H", "HIGH", 1510 });

static const struct tw_cvss_metric metrics2[] = {
	{ "AV", "accessVector", "access vector", TW_CVSS_BASE, vector2 },
	{ "AC", "accessComplexity", "access complexity", TW_CVSS_BASE, complexity2 },
	{ "Au", "authentication", "authentication", TW_CVSS_BASE, authentication2 },
	{ "C", "confidentialityImpact", "impact on confidentiality", TW_CVSS_BASE, impact2 },
	{ "I", "integrityImpact", "impact on integrity", TW_CVSS_BASE, impact2 },
	{ "A", "availabilityImpact", "impact on availability", TW_CVSS_BASE, impact2 },
	{ "E", "exploitability", "exploitability", TW_CVSS_TEMPORAL, exploitability2 },
	{ "RL", "remediationLevel", "remediation level", TW_CVSS_TEMPORAL, remediation2 },
	{ "RC", "reportConfidence", "report confidence", TW_CVSS_TEMPORAL, confidence2 },
	{ "CDP", "collateralDamagePotential", "collateral damage potential", TW_CVSS_ENVIRONMENTAL, damage2 },
	{ "TD", "targetDistribution", "target distribution", TW_CVSS_ENVIRONMENTAL, distribution2 },
	{ "CR", "confidentialityRequirement", "required confidentiality", TW_CVSS_ENVIRONMENTAL, requirement2 },
	{ "IR", "integrityRequirement", "required integrity", TW_CVSS_ENVIRONMENTAL, requirement2 },
	{ "AR", "availabilityRequirement", "required availability", TW_CVSS_ENVIRONMENTAL, requirement2 },
	{},
};

/* 3.0 and 3.1. The weight of privileges is for an unchanged scope; scopes have none. */
#define VECTOR3                                                                        \
	{ "N", "NETWORK", 85 }, { "A", "ADJACENT_NETWORK", 62 }, { "L", "LOCAL", 55 }, \
	{                                                                              \
		"P", "PHYSICAL", 20                                                    \
	}
#define COMPLEXITY3             \
	{ "L", "LOW", 77 },     \
	{                       \
		"H", "HIGH", 44 \
	}
#define PRIVILEGES3                              \
	{ "N", "NONE", 85 }, { "L", "LOW", 62 }, \
	{                                        \
		"H", "HIGH", 27                  \
	}
#define INTERACTION3                \
	{ "N", "NONE", 85 },        \
	{                           \
		"R", "REQUIRED", 62 \
	}
#define SCOPE3                    \
	{ "U", "UNCHANGED", 0 },  \
	{                         \
		"C", "CHANGED", 0 \
	}
#define IMPACT3                                 \
	{ "N", "NONE", 0 }, { "L", "LOW", 22 }, \
	{                                       \
		"H", "HIGH", 56                 \
	}
VALUES(vector3, VECTOR3);
VALUES(complexity3, COMPLEXITY3);
VALUES(privileges3, PRIVILEGES3);
VALUES(interaction3, INTERACTION3);
VALUES(scope3, SCOPE3);
VALUES(impact3, IMPACT3);
VALUES(maturity3, UNDEFINED(100), { "U", "UNPROVEN", 91 }, { "P", "PROOF_OF_CONCEPT", 94 }, { "F", "FUNCTIONAL", 97 },
	{ "H", "HIGH", 100 });
VALUES(remediation3, UNDEFINED(100), { "O", "OFFICIAL_FIX", 95 }, { "T", "TEMPORARY_FIX", 96 }, { "W", "WORKAROUND", 97 },
	{ "U", "UNAVAILABLE", 100 });
VALUES(confidence3, UNDEFINED(100), { "U", "UNKNOWN", 92 }, { "R", "REASONABLE", 96 }, { "C", "CONFIRMED", 100 });
VALUES(requirement3, UNDEFINED(100), { "L", "LOW", 50 }, { "M", "MEDIUM", 100 }, { "H", "HIGH", 150 });
VALUES(modified_vector3, UNDEFINED(0), VECTOR3);
VALUES(modified_complexity3, UNDEFINED(0), COMPLEXITY3);
VALUES(modified_privileges3, UNDEFINED(0), PRIVILEGES3);
VALUES(modified_interaction3, UNDEFINED(0), INTERACTION3);
VALUES(modified_scope3, UNDEFINED(0), SCOPE3);
VALUES(modified_impact3, UNDEFINED(0), IMPACT3);

static const struct tw_cvss_metric metrics3[] = {
	{ "AV", "attackVector", "attack vector", TW_CVSS_BASE, vector3 },
	{ "AC", "attackComplexity", "attack complexity", TW_CVSS_BASE, complexity3 },
	{ "PR", "privilegesRequired", "privileges required", TW_CVSS_BASE, privileges3 },
	{ "UI", "userInteraction", "user interaction", TW_CVSS_BASE, interaction3 },
	{ "S", "scope", "scope", TW_CVSS_BASE, scope3 },
	{ "C", "confidentialityImpact", "impact on confidentiality", TW_CVSS_BASE, impact3 },
	{ "I", "integrityImpact", "impact on integrity", TW_CVSS_BASE, impact3 },
	{ "A", "availabilityImpact", "impact on availability", TW_CVSS_BASE, impact3 },
	{ "E", "exploitCodeMaturity", "maturity of exploit code", TW_CVSS_TEMPORAL, maturity3 },
	{ "RL", "remediationLevel", "remediation level", TW_CVSS_TEMPORAL, remediation3 },
	{ "RC", "reportConfidence", "report confidence", TW_CVSS_TEMPORAL, confidence3 },
	{ "CR", "confidentialityRequirement", "required confidentiality", TW_CVSS_ENVIRONMENTAL, requirement3 },
	{ "IR", "integrityRequirement", "required integrity", TW_CVSS_ENVIRONMENTAL, requirement3 },
	{ "AR", "availabilityRequirement", "required availability", TW_CVSS_ENVIRONMENTAL, requirement3 },
	{ "MAV", "modifiedAttackVector", "modified attack vector", TW_CVSS_ENVIRONMENTAL, modified_vector3 },
	{ "MAC", "modifiedAttackComplexity", "modified attack complexity", TW_CVSS_ENVIRONMENTAL, modified_complexity3 },
	{ "MPR", "modifiedPrivilegesRequired", "modified privileges required", TW_CVSS_ENVIRONMENTAL, modified_privileges3 },
	{ "MUI", "modifiedUserInteraction", "modified user interaction", TW_CVSS_ENVIRONMENTAL, modified_interaction3 },
	{ "MS", "modifiedScope", "modified scope", TW_CVSS_ENVIRONMENTAL, modified_scope3 },
	{ "MC", "modifiedConfidentialityImpact", "modified impact on confidentiality", TW_CVSS_ENVIRONMENTAL, modified_impact3 },
	{ "MI", "modifiedIntegrityImpact", "modified impact on integrity", TW_CVSS_ENVIRONMENTAL, modified_impact3 },
	{ "MA", "modifiedAvailabilityImpact", "modified impact on availability", TW_CVSS_ENVIRONMENTAL, modified_impact3 },
	{},
};

/* 4.0. What is not defined counts as the worst. Impact on other systems is one step lower than on the vulnerable one: only safety is worst. */
#define VECTOR4                                                             \
	{ "N", "NETWORK", 0 }, { "A", "ADJACENT", 1 }, { "L", "LOCAL", 2 }, \
	{                                                                   \
		"P", "PHYSICAL", 3                                          \
	}
#define COMPLEXITY4            \
	{ "L", "LOW", 0 },     \
	{                      \
		"H", "HIGH", 1 \
	}
#define REQUIREMENTS4             \
	{ "N", "NONE", 0 },       \
	{                         \
		"P", "PRESENT", 1 \
	}
#define PRIVILEGES4                            \
	{ "N", "NONE", 0 }, { "L", "LOW", 1 }, \
	{                                      \
		"H", "HIGH", 2                 \
	}
#define INTERACTION4                               \
	{ "N", "NONE", 0 }, { "P", "PASSIVE", 1 }, \
	{                                          \
		"A", "ACTIVE", 2                   \
	}
#define IMPACT4                                \
	{ "H", "HIGH", 0 }, { "L", "LOW", 1 }, \
	{                                      \
		"N", "NONE", 2                 \
	}
#define MODIFIED_OTHER4                        \
	{ "H", "HIGH", 1 }, { "L", "LOW", 2 }, \
	{                                      \
		"N", "NEGLIGIBLE", 3           \
	}
VALUES(vector4, VECTOR4);
VALUES(complexity4, COMPLEXITY4);
VALUES(requirements4, REQUIREMENTS4);
VALUES(privileges4, PRIVILEGES4);
VALUES(interaction4, INTERACTION4);
VALUES(impact4, IMPACT4);
VALUES(other4, { "H", "HIGH", 1 }, { "L", "LOW", 2 }, { "N", "NONE", 3 });
VALUES(maturity4, UNDEFINED(0), { "A", "ATTACKED", 0 }, { "P", "PROOF_OF_CONCEPT", 1 }, { "U", "UNREPORTED", 2 });
VALUES(requirement4, UNDEFINED(0), { "H", "HIGH", 0 }, { "M", "MEDIUM", 1 }, { "L", "LOW", 2 });
VALUES(modified_vector4, UNDEFINED(0), VECTOR4);
VALUES(modified_complexity4, UNDEFINED(0), COMPLEXITY4);
VALUES(modified_requirements4, UNDEFINED(0), REQUIREMENTS4);
VALUES(modified_privileges4, UNDEFINED(0), PRIVILEGES4);
VALUES(modified_interaction4, UNDEFINED(0), INTERACTION4);
VALUES(modified_impact4, UNDEFINED(0), IMPACT4);
VALUES(modified_other4, UNDEFINED(0), MODIFIED_OTHER4);
VALUES(modified_safety4, UNDEFINED(0), MODIFIED_OTHER4, { "S", "SAFETY", 0 });
VALUES(safety4, UNDEFINED(0), { "N", "NEGLIGIBLE", 0 }, { "P", "PRESENT", 0 });
VALUES(automatable4, UNDEFINED(0), { "N", "NO", 0 }, { "Y", "YES", 0 });
VALUES(recovery4, UNDEFINED(0), { "A", "AUTOMATIC", 0 }, { "U", "USER", 0 }, { "I", "IRRECOVERABLE", 0 });
VALUES(density4, UNDEFINED(0), { "D", "DIFFUSE", 0 }, { "C", "CONCENTRATED", 0 });
VALUES(effort4, UNDEFINED(0), { "L", "LOW", 0 }, { "M", "MODERATE", 0 }, { "H", "HIGH", 0 });
VALUES(urgency4, UNDEFINED(0), { "Clear", "CLEAR", 0 }, { "Green", "GREEN", 0 }, { "Amber", "AMBER", 0 }, { "Red", "RED", 0 });

#define HERE "of the vulnerable system"
#define OTHER "of subsequent systems"
static const struct tw_cvss_metric metrics4[] = {
	{ "AV", "attackVector", "attack vector", TW_CVSS_BASE, vector4 },
	{ "AC", "attackComplexity", "attack complexity", TW_CVSS_BASE, complexity4 },
	{ "AT", "attackRequirements", "attack requirements", TW_CVSS_BASE, requirements4 },
	{ "PR", "privilegesRequired", "privileges required", TW_CVSS_BASE, privileges4 },
	{ "UI", "userInteraction", "user interaction", TW_CVSS_BASE, interaction4 },
	{ "VC", "vulnConfidentialityImpact", "impact on confidentiality " HERE, TW_CVSS_BASE, impact4 },
	{ "VI", "vulnIntegrityImpact", "impact on integrity " HERE, TW_CVSS_BASE, impact4 },
	{ "VA", "vulnAvailabilityImpact", "impact on availability " HERE, TW_CVSS_BASE, impact4 },
	{ "SC", "subConfidentialityImpact", "impact on confidentiality " OTHER, TW_CVSS_BASE, other4 },
	{ "SI", "subIntegrityImpact", "impact on integrity " OTHER, TW_CVSS_BASE, other4 },
	{ "SA", "subAvailabilityImpact", "impact on availability " OTHER, TW_CVSS_BASE, other4 },
	{ "E", "exploitMaturity", "exploit maturity", TW_CVSS_TEMPORAL, maturity4 },
	{ "CR", "confidentialityRequirement", "required confidentiality", TW_CVSS_ENVIRONMENTAL, requirement4 },
	{ "IR", "integrityRequirement", "required integrity", TW_CVSS_ENVIRONMENTAL, requirement4 },
	{ "AR", "availabilityRequirement", "required availability", TW_CVSS_ENVIRONMENTAL, requirement4 },
	{ "MAV", "modifiedAttackVector", "modified attack vector", TW_CVSS_ENVIRONMENTAL, modified_vector4 },
	{ "MAC", "modifiedAttackComplexity", "modified attack complexity", TW_CVSS_ENVIRONMENTAL, modified_complexity4 },
	{ "MAT", "modifiedAttackRequirements", "modified attack requirements", TW_CVSS_ENVIRONMENTAL, modified_requirements4 },
	{ "MPR", "modifiedPrivilegesRequired", "modified privileges required", TW_CVSS_ENVIRONMENTAL, modified_privileges4 },
	{ "MUI", "modifiedUserInteraction", "modified user interaction", TW_CVSS_ENVIRONMENTAL, modified_interaction4 },
	{ "MVC", "modifiedVulnConfidentialityImpact", "modified impact on confidentiality " HERE, TW_CVSS_ENVIRONMENTAL, modified_impact4 },
	{ "MVI", "modifiedVulnIntegrityImpact", "modified impact on integrity " HERE, TW_CVSS_ENVIRONMENTAL, modified_impact4 },
	{ "MVA", "modifiedVulnAvailabilityImpact", "modified impact on availability " HERE, TW_CVSS_ENVIRONMENTAL, modified_impact4 },
	{ "MSC", "modifiedSubConfidentialityImpact", "modified impact on confidentiality " OTHER, TW_CVSS_ENVIRONMENTAL, modified_other4 },
	{ "MSI", "modifiedSubIntegrityImpact", "modified impact on integrity " OTHER, TW_CVSS_ENVIRONMENTAL, modified_safety4 },
	{ "MSA", "modifiedSubAvailabilityImpact", "modified impact on availability " OTHER, TW_CVSS_ENVIRONMENTAL, modified_safety4 },
	{ "S", "Safety", "safety", TW_CVSS_SUPPLEMENTAL, safety4 },
	{ "AU", "Automatable", "automatable", TW_CVSS_SUPPLEMENTAL, automatable4 },
	{ "R", "Recovery", "recovery", TW_CVSS_SUPPLEMENTAL, recovery4 },
	{ "V", "valueDensity", "value density", TW_CVSS_SUPPLEMENTAL, density4 },
	{ "RE", "vulnerabilityResponseEffort", "effort of the response", TW_CVSS_SUPPLEMENTAL, effort4 },
	{ "U", "providerUrgency", "urgency given by the provider", TW_CVSS_SUPPLEMENTAL, urgency4 },
	{},
};

_Static_assert(sizeof metrics4 / sizeof *metrics4 - 1 <= TW_CVSS_METRICS_MAX, "every metric has a place in struct tw_cvss");

const struct tw_cvss_metric *tw_cvss_metrics(enum tw_cvss_version version)
{
	return version == TW_CVSS_20 ? metrics2 : version == TW_CVSS_40 ? metrics4 : metrics3;
}
