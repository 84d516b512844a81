/* Runs a hazard's forms, each in a process of its own and for a limited time, and judges them. */
#ifndef DEMO_DRIVE_H
#define DEMO_DRIVE_H

#include "report.h"

enum drive_end {
    DRIVE_ENDED,  /* the form returned */
    DRIVE_KILLED, /* its time was up */
    DRIVE_DIED,   /* of a signal, or it left by exit */
    DRIVE_UNABLE  /* demo_cannot, or it could not be started */
};

/* What became of a form. */
struct drive_outcome {
    struct demo_report *report; /* NULL where it could not be started */
    enum drive_end end;
    int status; /* DRIVE_DIED: as waitpid gives it */
    double seconds, limit_s;
    bool showed; /* the failure: the form ended and said so, or it hung as hang_s says */
    char why[DEMO_LINE_MAX]; /* DRIVE_UNABLE without a report */
};

enum drive_which { DRIVE_UNMENDED, DRIVE_MENDED };
#define DRIVE_FORMS 2

/* The form's struct, and its name: "unmended" or "mended". */
const struct demo_form *drive_form(const struct demo *demo, enum drive_which which);
const char *drive_form_name(enum drive_which which);

/* Runs a form for at most limit_s seconds, or hang_s where it is to hang and that is less. When it
 * returns, the form's process and all that it has started are gone and waited for. The outcome is
 * the caller's, drive_free gives it back. Returns 0, or -1 where the program was interrupted.
 * Requires interrupt_install; from a process with one thread and without other children. */
int drive_run(const struct demo *demo, enum drive_which which, uint64_t seed, double limit_s,
    struct drive_outcome *outcome);
void drive_free(struct drive_outcome *outcome);

/* Whether it is as the contract says: an unmended form shows its failure, a mended one ends by
 * itself and shows none. */
bool drive_as_promised(enum drive_which which, const struct drive_outcome *outcome);

/* Writes how it ended: "ended by itself", "killed after 1 s", "died of signal 11 (...)". Returns
 * text. */
const char *drive_end_text(const struct drive_outcome *outcome, char *text, size_t size);

#endif
