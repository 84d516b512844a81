/* Before a worker changes two balances it notes both in a journal at its seat, and it closes the
 * journal before it gives the locks back. A lock knows the seat of who took it last, so whoever
 * inherits it from a dead worker finds the journal and, if that is open, puts back the balances
 * that the lock protects. Nobody needs the transfer's other lock for that: who inherits it does the
 * same. The seat, and with it the journal, is free again once both are inherited. */
#include "bank.h"

#include "../case.h"
#include "chain.h"
#include "marked_lock.h"

#include <string.h>

#define NOBODY SEATS /* takes locks too, and has a journal that is never opened */

struct owned_lock {
    struct lock lock;
    unsigned seat; /* of who took it last */
};

/* Balances change under a lock, and in the order of the program for whoever comes after a death:
 * release, so that what was written to the journal before is there. */
struct account {
    _Alignas(128) struct owned_lock lock;
    _Atomic int64_t balance;
};

/* Written by the seat's worker; read by who inherits a lock from it. */
struct journal {
    _Alignas(128) _Atomic bool open; /* release: pairs with the acquire in put_back */
    _Atomic unsigned from, to;
    _Atomic int64_t from_balance, to_balance; /* as they were */
};

struct bank_shared {
    struct seat seat[SEATS];
    struct journal journal[SEATS + 1];
    _Alignas(128) struct owned_lock whole;
    struct account account[];
};

static void put_back(const struct bank *bank, unsigned seat, unsigned number)
{
    const struct journal *journal = &bank->shared->journal[seat];
    _Atomic int64_t *balance = &bank->shared->account[number].balance;
    /* acquire: the rest of the journal was written before. Were it another worker's who lives, it
     * could not name an account whose lock it has not. */
    if (!atomic_load_explicit(&journal->open, memory_order_acquire))
        return;
    if (atomic_load(&journal->from) == number)
        atomic_store(balance, atomic_load(&journal->from_balance));
    if (atomic_load(&journal->to) == number)
        atomic_store(balance, atomic_load(&journal->to_balance));
}

/* Takes a lock that protects the accounts first .. end-1. */
static void take(
    const struct bank *bank, struct owned_lock *lock, unsigned first, unsigned end, unsigned seat)
{
    if (marked_lock_acquire(&lock->lock) == LOCK_OWNER_DEAD)
        for (unsigned i = first; i < end; i++)
            put_back(bank, lock->seat, i);
    lock->seat = seat;
}

static void take_account(const struct bank *bank, unsigned number, unsigned seat)
{
    take(bank, &bank->shared->account[number].lock, number, number + 1, seat);
}

static void take_whole(const struct bank *bank, unsigned seat)
{
    take(bank, &bank->shared->whole, 0, bank->accounts, seat);
}

static void give(struct owned_lock *lock)
{
    lock_release(&lock->lock);
}

/* Two transfers in opposite directions would wait for each other for ever if each took the account
 * it withdraws from first. */
static void take_for(const struct bank *bank, unsigned from, unsigned to, unsigned seat)
{
    if (bank->locking == BANK_ORDERED) {
        take_account(bank, from < to ? from : to, seat);
        take_account(bank, from < to ? to : from, seat);
    } else {
        take_whole(bank, seat);
    }
}

static void give_for(const struct bank *bank, unsigned from, unsigned to)
{
    if (bank->locking == BANK_ORDERED) {
        give(&bank->shared->account[from].lock);
        give(&bank->shared->account[to].lock);
    } else {
        give(&bank->shared->whole);
    }
}

/* Who clears has no seat yet and is nobody, so that its own death is no reason to put back again.
 */
static void clear_seat(const void *owner, struct seat *seat)
{
    const struct bank *bank = owner;
    struct journal *journal = &bank->shared->journal[seats_number(&bank->seats, seat)];
    if (!atomic_load(&journal->open))
        return;
    unsigned from = atomic_load(&journal->from), to = atomic_load(&journal->to);
    take_for(bank, from, to, NOBODY);
    atomic_store(&journal->open, false);
    give_for(bank, from, to);
}

/* ---- transfers ---- */

static void open_journal(const struct bank *bank, unsigned seat, const struct transfer *transfer)
{
    struct journal *journal = &bank->shared->journal[seat];
    const struct account *account = bank->shared->account;
    /* relaxed: the balances' locks are held, and the release of `open` comes last */
    int64_t from = atomic_load_explicit(&account[transfer->from].balance, memory_order_relaxed);
    int64_t to = atomic_load_explicit(&account[transfer->to].balance, memory_order_relaxed);
    atomic_store_explicit(&journal->from, transfer->from, memory_order_relaxed);
    atomic_store_explicit(&journal->to, transfer->to, memory_order_relaxed);
    atomic_store_explicit(&journal->from_balance, from, memory_order_relaxed);
    atomic_store_explicit(&journal->to_balance, to, memory_order_relaxed);
    atomic_store_explicit(&journal->open, true, memory_order_release);
}

static void close_journal(const struct bank *bank, unsigned seat)
{
    /* release: both balances come before; pairs with the acquire in put_back */
    atomic_store_explicit(&bank->shared->journal[seat].open, false, memory_order_release);
}

/* Withdraws or deposits: an operation of its own, which locks for itself where it can. */
static void add(const struct bank *bank, unsigned seat, unsigned number, int64_t amount)
{
    _Atomic int64_t *balance = &bank->shared->account[number].balance;
    if (bank->locking == BANK_RECURSIVE)
        take_whole(bank, seat);
    /* relaxed: the lock is held; release: see struct account */
    int64_t before = atomic_load_explicit(balance, memory_order_relaxed);
    atomic_store_explicit(balance, before + amount, memory_order_release);
    if (bank->locking == BANK_RECURSIVE)
        give(&bank->shared->whole);
}

uint64_t bank_transfer(const struct bank *bank, const struct seat *own,
    const struct transfer *transfer, uint64_t x, uint64_t work)
{
    unsigned seat = seats_number(&bank->seats, own);
    take_for(bank, transfer->from, transfer->to, seat);
    open_journal(bank, seat, transfer);
    add(bank, seat, transfer->from, -transfer->amount);
    x = chain_multiply(x, work); /* no check point: the locks are held */
    add(bank, seat, transfer->to, transfer->amount);
    close_journal(bank, seat);
    give_for(bank, transfer->from, transfer->to);
    return x;
}

int64_t bank_balance(const struct bank *bank, unsigned account)
{
    return atomic_load(&bank->shared->account[account].balance);
}

/* Each lock is taken once, so that what the dead have left is put back. */
int64_t bank_sum(const struct bank *bank)
{
    int64_t sum = 0;
    take_whole(bank, NOBODY);
    for (unsigned i = 0; i < bank->accounts; i++) {
        take_account(bank, i, NOBODY);
        sum += bank_balance(bank, i);
        give(&bank->shared->account[i].lock);
    }
    give(&bank->shared->whole);
    return sum;
}

/* ---- opening and closing ---- */

static int fill(const struct bank *bank)
{
    struct bank_shared *shared = bank->shared;
    int code = lock_init(
        &shared->whole.lock, bank->locking == BANK_RECURSIVE ? LOCK_RECURSIVE : LOCK_PLAIN);
    for (unsigned i = 0; i < bank->accounts && !code; i++) {
        code = lock_init(&shared->account[i].lock.lock, LOCK_PLAIN);
        atomic_init(&shared->account[i].balance, BANK_PAID_IN);
    }
    return code ? task_fail(code, "cannot make a lock: %s", strerror(code))
                : seats_init(shared->seat);
}

int bank_open(struct bank *bank, struct case_run *run, unsigned accounts, enum bank_locking locking)
{
    *bank = (struct bank){.accounts = accounts, .locking = locking};
    size_t size = sizeof *bank->shared + accounts * sizeof *bank->shared->account;
    int code = segment_open(&bank->segment, run, size);
    if (code)
        return code;
    bank->shared = bank->segment.memory;
    bank->seats = (struct seats){.seat = bank->shared->seat, .clear = clear_seat, .owner = bank};
    if (segment_is_mine(&bank->segment))
        code = fill(bank);
    if (code)
        bank_close(bank);
    return code;
}

void bank_close(struct bank *bank)
{
    segment_close(&bank->segment);
}
