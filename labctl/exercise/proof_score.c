/* An exercise as a proof plays it: begun, all its phases over, answered, claimed and scored at one moment of a clock
 * that stands; by the functions that every exercise uses. */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>

#include "base/error.h"
#include "base/units.h"
#include "exercise/proof.h"

const char *proof_answer(const struct question *question, char text[static UNITS_TEXT_MAX])
{
    if (question->answer || question->form != QUESTION_NUMBER)
        return question->answer;
    snprintf(text, UNITS_TEXT_MAX, "%.17g", question->number);
    return text;
}

static int answer_all(struct session *session, int64_t now, struct error *err)
{
    char text[UNITS_TEXT_MAX];
    for (size_t i = 0; i < session->scenario->question_count; i++) {
        const struct question *question = &session->scenario->questions[i];
        const char *answer = proof_answer(question, text);
        if (answer && session_answer(session, question->id, answer, now, now, err))
            return -1;
    }
    return 0;
}

/* One claim for each fault; what comes and goes by the clock is noise, unless all faults do. */
static int claim_all(struct session *session, int64_t now, struct error *err)
{
    const struct scenario *scenario = session->scenario;
    bool lasting = false, claimed = false;
    if (!scenario->diagnosis_points)
        return 0;
    for (size_t i = 0; i < scenario->fault_count; i++)
        lasting = lasting || !fault_is_scheduled(&scenario->faults[i]);
    for (size_t i = 0; i < scenario->fault_count; i++) {
        const struct fault *fault = &scenario->faults[i];
        if (lasting && fault_is_scheduled(fault))
            continue;
        if (session_claim(session, &fault->at, fault->kind, false, now, now, err))
            return -1;
        claimed = true;
    }
    return claimed ? 0 : session_claim(session, &(struct strings){0}, NULL, true, now, now, err);
}

static int play(struct session *session, const struct outcome *outcomes, size_t count, bool solved, struct error *err)
{
    const int64_t now = 1; /* the clock of a proof */
    if (session_begin(session, SESSION_PRACTICE, now, now, NULL, err))
        return -1;
    while (!session_last_phase(session))
        if (session_end_phase(session, SESSION_SUBMITTED, now, now, err) ||
            session_next_phase(session, outcomes, count, now, now, err))
            return -1;
    if (solved && (answer_all(session, now, err) || claim_all(session, now, err)))
        return -1;
    if (session_stop(session, SESSION_SUBMITTED, now, now, err))
        return -1;
    return session_score(session, outcomes, count, NULL, now, now, err);
}

json_t *proof_score(const struct scenario *scenario, const struct outcome *outcomes, size_t count, bool solved,
                    struct error *err)
{
    struct session session;
    int journal = memfd_create("journal", MFD_CLOEXEC);
    if (journal < 0) {
        error_set_errno(err, errno, "make a memory file for the journal");
        return NULL;
    }
    if (session_open(&session, scenario, journal, NULL, err))
        return NULL;
    json_t *result = play(&session, outcomes, count, solved, err) ? NULL : result_make(&session, NULL);
    session_close(&session);
    return result;
}
