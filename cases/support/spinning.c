/* A ticket is known to others by the mark of its drawer's seat: DRAWING before it is drawn, and its
 * number after, until the next is served. So if no seat whose worker lives has one of the two, the
 * ticket's drawer is dead, even where it died between drawing and noting. */
#include "spinning.h"

#include "../../harness/util/relax.h"

#include <sched.h>

#define SPINS 100  /* looks before the CPU is given away */
#define YIELDS 200 /* times that it is given away before a look for the dead */

#define DRAWING 1
#define MARK_OF(ticket) ((ticket) + 2)

/* Waits a little. Returns whether it is time to look for the dead. */
static bool wait_a_little(uint64_t *rounds)
{
    ++*rounds;
    if (*rounds % SPINS) {
        relax();
        return false;
    }
    sched_yield();
    return *rounds % (SPINS * YIELDS) == 0;
}

void spin_lock_acquire(struct spin_lock *lock, const struct seats *seats, const struct seat *own)
{
    const uint64_t mine = seats_number(seats, own) + 1;
    for (uint64_t rounds = 0;;) {
        /* acquire: pairs with the release of who held it before; relaxed looks need no order */
        uint64_t holder = atomic_load_explicit(&lock->holder, memory_order_relaxed);
        if (!holder && atomic_compare_exchange_weak_explicit(&lock->holder, &holder, mine,
                           memory_order_acquire, memory_order_relaxed))
            return;
        if (wait_a_little(&rounds) && holder)
            seats_vacant(seats, &seats->seat[holder - 1]); /* which clears the dead */
    }
}

void spin_lock_release(struct spin_lock *lock)
{
    /* release: pairs with the acquire of the next holder */
    atomic_store_explicit(&lock->holder, 0, memory_order_release);
}

void spin_lock_clear(struct spin_lock *lock, const struct seats *seats, const struct seat *seat)
{
    uint64_t holder = seats_number(seats, seat) + 1;
    atomic_compare_exchange_strong(&lock->holder, &holder, 0);
}

/* Whether the drawer of a ticket that is served is dead. */
static bool drawer_is_dead(const struct seats *seats, const struct seat *own, uint64_t ticket)
{
    for (unsigned i = 0; i < SEATS; i++) {
        struct seat *seat = &seats->seat[i];
        /* acquire: pairs with the release in ticket_lock_release, so that who sees its mark gone
         * sees the next one served, too, and skips nobody */
        uint64_t mark = atomic_load_explicit(&seat->mark, memory_order_acquire);
        if ((mark == DRAWING || mark == MARK_OF(ticket)) && seat != own &&
            !seats_vacant(seats, seat))
            return false;
    }
    return true;
}

void ticket_lock_acquire(struct ticket_lock *lock, const struct seats *seats, struct seat *own)
{
    atomic_store_explicit(&own->mark, DRAWING, memory_order_relaxed);
    /* release: who draws a later ticket and looks for this one's drawer sees its mark (acquire) */
    uint64_t ticket = atomic_fetch_add_explicit(&lock->next, 1, memory_order_acq_rel), serving;
    atomic_store_explicit(&own->mark, MARK_OF(ticket), memory_order_relaxed);
    /* acquire: pairs with the release of who was served before */
    for (uint64_t rounds = 0;
         (serving = atomic_load_explicit(&lock->serving, memory_order_acquire)) != ticket;)
        if (wait_a_little(&rounds) && drawer_is_dead(seats, own, serving))
            atomic_compare_exchange_strong(&lock->serving, &serving, serving + 1);
}

void ticket_lock_release(struct ticket_lock *lock, struct seat *own)
{
    /* only the holder, or who skips it when it is dead, writes it; release: pairs with the acquire
     * of the next */
    uint64_t serving = atomic_load_explicit(&lock->serving, memory_order_relaxed);
    atomic_store_explicit(&lock->serving, serving + 1, memory_order_release);
    atomic_store_explicit(&own->mark, 0, memory_order_release); /* see drawer_is_dead */
}

void ticket_lock_clear(struct seat *seat)
{
    atomic_store(&seat->mark, 0);
}
