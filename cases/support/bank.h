/* Accounts in shared memory and transfers between them that neither lose nor make money, also where
 * the worker that makes one dies between withdrawing and depositing. */
#ifndef SUPPORT_BANK_H
#define SUPPORT_BANK_H

#include "seats.h"
#include "segment.h"

#include <stdint.h>

#define BANK_PAID_IN 1000 /* into each account at the beginning; they can be overdrawn */

enum bank_locking {
    BANK_ONE,       /* one lock, taken by the transfer */
    BANK_RECURSIVE, /* the same, taken again by withdrawing and depositing within the transfer */
    BANK_ORDERED    /* one for each account; a transfer takes its two in the accounts' order */
};

/* A process's own view. */
struct bank {
    unsigned accounts;
    enum bank_locking locking;
    struct segment segment;
    struct bank_shared *shared;
    struct seats seats; /* for the workers to enter */
};

struct transfer {
    unsigned from, to; /* not the same */
    int64_t amount;
};

/* For setup, as segment_open; `bank` stays where it is. Returns 0, or a code with a message. */
int bank_open(
    struct bank *bank, struct case_run *run, unsigned accounts, enum bank_locking locking);
void bank_close(struct bank *bank);

/* Makes a transfer, with so many multiplications of work between withdrawing and depositing.
 * Returns what chain_multiply (chain.h) makes of x. */
uint64_t bank_transfer(const struct bank *bank, const struct seat *own,
    const struct transfer *transfer, uint64_t x, uint64_t work);

/* What one account holds, and all of them, once transfers are over: the dead's are undone first. */
int64_t bank_balance(const struct bank *bank, unsigned account);
int64_t bank_sum(const struct bank *bank);

#endif
