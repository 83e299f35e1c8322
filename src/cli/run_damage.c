/* run_damage.c - see run_damage.h. */
#include "run_damage.h"

#include <stdio.h>

static tw_status refuse(const run_session *session, const tw_store_journal_state *state,
                        tw_error *error) {
    if (state->damage == TW_STORE_UNREADABLE)
        return tw_error_set(error, TW_CORRUPT,
                            "%s: entry %llu of the journal cannot be read; nothing is traded. "
                            "Restore a backup, or take another --db",
                            session->database, (unsigned long long)state->damaged_from);
    return tw_error_set(
        error, TW_CORRUPT,
        "%s: the journal is damaged at entry %llu (%s), and this is no torn end: %llu "
        "entries are there from it on, %llu of them sound. Nothing is traded. See "
        "`tradewind db verify`; restore a backup, or set them aside with "
        "--quarantine",
        session->database, (unsigned long long)state->damaged_from,
        tw_store_damage_name((tw_store_damage)state->damage), (unsigned long long)state->following,
        (unsigned long long)state->sound_behind);
}

static void tell(const run_session *session, const tw_store_journal_state *state) {
    fprintf(
        stderr,
        "tradewind run: %s: the journal was damaged (%s): what it had from entry %llu on (%llu in "
        "all) is in the table journal_quarantine now; orders are settled with the venue before "
        "anything is traded, and a plan that was under way is dropped. Compare the positions "
        "with the venue's\n",
        session->database, tw_store_damage_name((tw_store_damage)state->damage),
        (unsigned long long)state->damaged_from, (unsigned long long)state->following);
}

tw_status run_damage_mend(run_session *session, const tw_error *found, tw_error *error) {
    tw_store_journal_state state;
    tw_status status = tw_store_verify_journal(session->store, &state, error);
    if (status != TW_OK)
        return status;
    if (state.damaged_from == 0) {
        *error = *found;
        return found->status;
    }
    if (state.damage == TW_STORE_UNREADABLE || !(state.at_end || session->options->quarantine))
        return refuse(session, &state, error);
    status = tw_store_quarantine_journal(session->store, &state, tw_time_wall_ns(), error);
    if (status == TW_OK)
        status = tw_store_last_sequence(session->store, &session->first_sequence, error);
    if (status == TW_OK)
        tell(session, &state);
    return status;
}
