/*
 * run_report_story.c - the report for whoever owns the portfolio: sentences, then one table.
 *
 *     what it was and is, what was traded and why, what it cost, risk, what went wrong on the way
 *     and what was done about it, what comes next
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "readable.h"
#include "run_report.h"
#include "wrapped.h"

enum { STORY_WIDTH = 100 };

static const char *money(int64_t nano, char *buffer) {
    return readable_decimal(nano, 2, 2, buffer);
}

static double share_of(int64_t part_nano, int64_t whole_nano) {
    return whole_nano > 0 ? 100.0 * (double)part_nano / (double)whole_nano : 0.0;
}

static const char *plural(uint64_t count) {
    return count == 1 ? "" : "s";
}

/* A plan of before that goes on, or a kill that closes positions, makes orders without a decision.
 */
static bool acted(const tw_engine_report *engine) {
    return engine->decisions > 0 || engine->orders > 0 || engine->orders_denied > 0;
}

/* ---- what it was and is -------------------------------------------------------------------- */

static void tell_title(const run_session *session, const run_figures *figures,
                       const report_look *look) {
    const tw_engine_report *engine = &figures->engine;
    char from[TW_TIME_TEXT_SIZE];
    char to[TW_TIME_TEXT_SIZE];
    tw_time_format(engine->started_ns, 0, from);
    tw_time_format(engine->ended_ns, 0, to);
    printf("\n%sRun %lld%s  %s, %u symbol%s, strategy %s", look->strong, (long long)session->run_id,
           look->plain, run_venue_name(session), session->symbol_count,
           plural(session->symbol_count), run_strategy_word(&session->strategy));
    if (session->exchange != NULL)
        printf(", seed %llu", (unsigned long long)session->exchange_config.seed);
    printf("\n       %s to %s of the venue's time, in %.1f s", from, to, figures->seconds);
    if (engine->phase == TW_ENGINE_FAILED)
        printf("; %sfailed%s", look->bad, look->plain);
    else if (engine->phase != TW_ENGINE_DONE)
        printf("; %sended early%s, while %s", look->bad, look->plain,
               tw_engine_phase_name(engine->phase));
    printf("\n\n");
}

static void tell_worth(FILE *story, const tw_engine_report *engine, const report_look *look) {
    char text[4][READABLE_SIZE];
    int64_t gain = engine->equity_after.nano - engine->equity_before.nano;
    if (!acted(engine)) {
        fprintf(story, "The portfolio is worth %s; nothing was decided.\n",
                money(engine->equity_after.nano, text[0]));
        return;
    }
    fprintf(story, "The portfolio was worth %s when the first decision was made and is worth %s: ",
            money(engine->equity_before.nano, text[0]), money(engine->equity_after.nano, text[1]));
    fprintf(story, "%s%s%s%s (%+.3f%%).\n", gain < 0 ? look->bad : look->good, gain < 0 ? "" : "+",
            money(gain, text[2]), look->plain, share_of(gain, engine->equity_before.nano));
    fprintf(story, "Cash was %.1f%% of it and is %.1f%%: %s.\n",
            share_of(engine->cash_before.nano, engine->equity_before.nano),
            share_of(engine->cash_after.nano, engine->equity_after.nano),
            money(engine->cash_after.nano, text[3]));
}

/* ---- what was traded, and why -------------------------------------------------------------- */

static void tell_reasons(FILE *story, const run_costs *costs) {
    for (uint32_t i = 0; i < costs->reason_count; i++) {
        const run_reason *reason = &costs->reasons[i];
        fprintf(story, "%s%llu for \"%s\"", i == 0 ? ": " : ", ", (unsigned long long)reason->count,
                reason->why);
    }
}

static void tell_decisions(FILE *story, const run_figures *figures) {
    const tw_engine_report *engine = &figures->engine;
    fprintf(story, "%llu decision%s made %llu order%s", (unsigned long long)engine->decisions,
            plural(engine->decisions), (unsigned long long)engine->orders, plural(engine->orders));
    tell_reasons(story, &figures->costs);
    fprintf(story, ".\n");
    if (engine->trades_planned > 0 && engine->trades_planned == engine->trades_lower_bound)
        fprintf(story, "That is the fewest trades that bring every position home.\n");
    else if (engine->trades_planned > 0)
        fprintf(story, "%llu trades were planned, and at least %llu are needed.\n",
                (unsigned long long)engine->trades_planned,
                (unsigned long long)engine->trades_lower_bound);
    fprintf(story, "%llu filled, %llu cancelled, %llu rejected by the venue",
            (unsigned long long)engine->orders_filled, (unsigned long long)engine->orders_canceled,
            (unsigned long long)engine->orders_rejected);
    if (engine->orders_denied > 0)
        fprintf(story, "; %llu more were denied by our own checks, the newest for its %s",
                (unsigned long long)engine->orders_denied, engine->denied_reason);
    fprintf(story, ".\n");
}

static void tell_costs(FILE *story, const run_figures *figures) {
    const run_cost *total = &figures->costs.total;
    char text[2][READABLE_SIZE];
    if (figures->costs.beyond) {
        fprintf(story, "They traded more than can be added up here.\n");
        return;
    }
    if (total->traded.nano == 0) {
        fprintf(story, "Nothing was traded.\n");
        return;
    }
    fprintf(story, "They traded %s, %.1f%% of the portfolio", money(total->traded.nano, text[0]),
            share_of(total->traded.nano, figures->engine.equity_after.nano));
    double bps = run_cost_bps(total);
    if (isnan(bps)) {
        fprintf(story, ".\n");
        return;
    }
    int64_t shortfall = total->shortfall.nano;
    fprintf(story,
            ", %s %s (%.1f basis points) against what each was worth when its order was made.\n",
            shortfall < 0 ? "and gained" : "which cost",
            money(shortfall < 0 ? -shortfall : shortfall, text[1]), fabs(bps));
}

/* ---- risk ---------------------------------------------------------------------------------- */

static void tell_risk(FILE *story, const run_figures *figures) {
    const tw_engine_risk *before = &figures->risk_before;
    const tw_engine_risk *after = &figures->risk_after;
    int64_t equity = figures->engine.equity_after.nano;
    char text[READABLE_SIZE];
    if (after->observations == 0) {
        fprintf(story, "There is no history long enough to measure the risk of the holdings by.\n");
        return;
    }
    if (before->observations > 0)
        fprintf(story,
                "The holdings' volatility was %.1f%% a year and is %.1f%%; one day in twenty lost "
                "more than %.2f%%, and now %.2f%%",
                100.0 * before->volatility_annual, 100.0 * after->volatility_annual,
                100.0 * before->value_at_risk, 100.0 * after->value_at_risk);
    else
        fprintf(
            story,
            "The holdings' volatility is %.1f%% a year; one day in twenty lost more than %.2f%%",
            100.0 * after->volatility_annual, 100.0 * after->value_at_risk);
    fprintf(story, " (%s), by %zu days of history.\n",
            money((int64_t)(after->value_at_risk * (double)equity), text), after->observations);
}

/* ---- what went wrong, and what was done ---------------------------------------------------- */

static void tell_wire(FILE *story, const run_figures *figures) {
    const tw_venue_figures *wire = &figures->wire;
    const tw_engine_report *engine = &figures->engine;
    uint64_t bad = wire->answers[4] + wire->answers[5] + wire->failures + wire->timeouts;
    if (figures->audit.faults > 0)
        fprintf(story, "The exchange was told to fail and did so %llu times. ",
                (unsigned long long)figures->audit.faults);
    fprintf(story, "%llu of %llu requests failed or were refused; %llu %s tried again. ",
            (unsigned long long)bad, (unsigned long long)wire->requests,
            (unsigned long long)wire->retries, wire->retries == 1 ? "was" : "were");
    fprintf(story, "The connection was lost %llu time%s.\n", (unsigned long long)wire->losses,
            plural(wire->losses));
    if (engine->fills_repeated + engine->fills_recovered > 0)
        fprintf(
            story,
            "%llu message%s of fills came twice and counted once; %llu fill%s that no message told "
            "of were learned by asking.\n",
            (unsigned long long)engine->fills_repeated, plural(engine->fills_repeated),
            (unsigned long long)engine->fills_recovered, plural(engine->fills_recovered));
    if (engine->differences > 0)
        fprintf(
            story,
            "The venue's account differed from ours %llu time%s; its figures were taken over.\n",
            (unsigned long long)engine->differences, plural(engine->differences));
    if (engine->kills > 0)
        fprintf(story, "Trading was killed %llu time%s, the newest by %s; level now: %s.\n",
                (unsigned long long)engine->kills, plural(engine->kills),
                tw_kill_source_name(engine->killed_by), tw_kill_level_name(engine->killed));
    if (figures->venue.market_dropped > 0)
        fprintf(
            story,
            "%llu market events were dropped because the machine did not keep up; the books were "
            "read anew.\n",
            (unsigned long long)figures->venue.market_dropped);
}

static void tell_audit(FILE *story, const run_figures *figures, const report_look *look) {
    const run_audit *audit = &figures->audit;
    const tw_engine_report *engine = &figures->engine;
    uint64_t unknown = engine->orders_unknown + engine->orders_adopted_open;
    const char *colour = audit->twice == 0 && unknown == 0 ? look->good : look->bad;
    if (!audit->made) {
        fprintf(story, "%s%llu orders are unknown at the end, %llu open.%s\n",
                unknown == 0 ? look->good : look->bad, (unsigned long long)unknown,
                (unsigned long long)engine->orders_open, look->plain);
        return;
    }
    fprintf(story, "%s%llu orders are at the exchange twice, %llu are unknown at the end.%s ",
            colour, (unsigned long long)audit->twice, (unsigned long long)unknown, look->plain);
    if (run_audit_holds(audit))
        fprintf(story,
                "The exchange has %llu of our orders, each with its intent in the journal, and the "
                "same "
                "quantities and fills.\n",
                (unsigned long long)audit->exchange_orders);
    else
        fprintf(
            story,
            "%sThe exchange and the journal differ: of %llu orders there %llu have no intent, %llu "
            "say other figures, and %llu of ours are not there.%s\n",
            look->bad, (unsigned long long)audit->exchange_orders,
            (unsigned long long)audit->unintended, (unsigned long long)audit->different,
            (unsigned long long)audit->missing, look->plain);
}

/* ---- what comes next ----------------------------------------------------------------------- */

static void tell_next(FILE *story, const run_session *session, const run_figures *figures) {
    const tw_engine_report *engine = &figures->engine;
    uint32_t outside = 0;
    double worst = 0.0;
    for (uint32_t s = 0; s < session->symbol_count; s++) {
        const tw_engine_holding *holding = &figures->holdings[s];
        outside += run_holding_is_outside(holding);
        worst = fmax(worst, fabs(holding->weight_after - holding->weight_target));
    }
    if (engine->decisions == 0)
        return;
    if (outside == 0)
        fprintf(
            story,
            "Next: nothing. Every position is inside of its band; the furthest is %.2f%% of the "
            "portfolio from its target.\n",
            100.0 * worst);
    else
        fprintf(story,
                "Next: %u position%s %s outside of the band (!) and would be traded by the next "
                "decision.\n",
                outside, plural(outside), outside == 1 ? "is" : "are");
}

/* The sentences, each on a line of its own, however long. */
static void tell_all(FILE *story, const run_session *session, const run_figures *figures,
                     const report_look *look) {
    const tw_engine_report *engine = &figures->engine;
    tell_worth(story, engine, look);
    if (acted(engine)) {
        tell_decisions(story, figures);
        tell_costs(story, figures);
    }
    tell_risk(story, figures);
    tell_wire(story, figures);
    tell_audit(story, figures, look);
    tell_next(story, session, figures);
}

tw_status run_report_story(const run_session *session, const run_figures *figures,
                           const report_look *look, tw_error *error) {
    char *text = NULL;
    size_t size = 0;
    FILE *story = open_memstream(&text, &size);
    if (story == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the report");
    tell_all(story, session, figures, look);
    if (fclose(story) != 0) {
        free(text);
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the report");
    }
    tell_title(session, figures, look);
    wrapped_print(stdout, text, STORY_WIDTH);
    free(text);
    putchar('\n');
    return run_report_table(session, figures, error);
}
