/*
 * performance_figures.h - figures against a benchmark (performance_against.c) for the table in
 * performance_figures.c, and the units that both compute in.
 */
#ifndef TRADEWIND_PERFORMANCE_FIGURES_H
#define TRADEWIND_PERFORMANCE_FIGURES_H

#include "performance_priv.h"

/* Years that so many observations are. */
double performance_years(const performance_facts *facts, double count);
double performance_root_periods(const performance_facts *facts);
/* The risk-free rate compounded over a year. */
double performance_free_annual(const performance_facts *facts);

#define AGAINST(name) double against_##name(const performance_facts *facts);
AGAINST(skipped)
AGAINST(alpha)
AGAINST(alpha_annual)
AGAINST(beta)
AGAINST(fama_beta)
AGAINST(correlation)
AGAINST(r_squared)
AGAINST(beta_bull)
AGAINST(beta_bear)
AGAINST(timing)
AGAINST(up_alpha)
AGAINST(up_beta)
AGAINST(down_alpha)
AGAINST(down_beta)
AGAINST(capture)
AGAINST(up_capture)
AGAINST(down_capture)
AGAINST(up_down_capture)
AGAINST(batting)
AGAINST(up_batting)
AGAINST(down_batting)
AGAINST(up_number)
AGAINST(down_number)
AGAINST(tracking_error)
AGAINST(tracking_error_annual)
AGAINST(active_premium)
AGAINST(information)
AGAINST(information_annual)
AGAINST(information_geometric)
AGAINST(jensen_alpha)
AGAINST(epsilon)
AGAINST(systematic)
AGAINST(specific)
AGAINST(total_risk)
AGAINST(appraisal)
AGAINST(appraisal_modified)
AGAINST(appraisal_alternative)
AGAINST(treynor)
AGAINST(treynor_modified)
AGAINST(m_squared)
AGAINST(m_squared_excess)
AGAINST(m_squared_geometric)
AGAINST(m_squared_sortino)
AGAINST(omega_excess)
#undef AGAINST

#endif
