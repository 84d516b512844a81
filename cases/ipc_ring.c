/* Messages through a ring of bytes in shared memory for each direction, as fast as two processes
 * can tell each other something: who waits looks at the other's position over and over for a
 * while, which costs no system call, and only then sleeps on it (a futex).
 *
 * A position counts all bytes that were ever put, or taken, modulo 2^32. */
#include "case.h"

#include "../harness/util/futex.h"
#include "../harness/util/relax.h"
#include "support/echo.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define RING_BYTES 65536u /* a power of 2 */
#define LOOKS 400 /* before it sleeps; with a pause each, about as long as a wake-up takes */

/* Written by one side and read by the other. Release, paired with acquire, orders the bytes; the
 * accesses around `sleeps` are sequentially consistent, so that either the writer sees a sleeper or
 * the sleeper the new position. */
struct position {
    _Alignas(64) _Atomic uint32_t bytes;
    _Alignas(64) _Atomic uint32_t sleeps; /* the other side may be asleep on it */
};

struct ring {
    struct position put, taken;
    _Alignas(64) unsigned char bytes[RING_BYTES];
};

static int make_rings(
    size_t size, int worker[ECHO_FDS], int partner[ECHO_FDS], char *why, size_t room)
{
    (void)size;
    (void)why;
    (void)room;
    return echo_make_memory(2 * sizeof(struct ring), &worker[0], &partner[0]);
}

static int open_rings(struct echo_link *link)
{
    return echo_map(link, link->fds[0], 2 * sizeof(struct ring));
}

static void close_rings(struct echo_link *link)
{
    munmap(link->memory, 2 * sizeof(struct ring));
}

/* ring 0 is the partner's to read, ring 1 the worker's */
static struct ring *ring_of(const struct echo_link *link, bool receives)
{
    struct ring *rings = link->memory;
    return &rings[(link->side == ECHO_WORKER) == receives];
}

/* Waits until a position is another than `old`. Returns 0 or EPIPE. */
static int wait_for_change(const struct echo_link *link, struct position *position, uint32_t old)
{
    const struct timespec recheck = {.tv_nsec = ECHO_RECHECK_MS * 1000000L};
    for (unsigned i = 0; i < LOOKS; i++) {
        if (atomic_load_explicit(&position->bytes, memory_order_acquire) != old) /* move_on */
            return 0;
        relax();
    }
    for (;;) {
        atomic_store(&position->sleeps, 1);
        if (atomic_load(&position->bytes) != old)
            return 0;
        futex_wait(&position->bytes, old, &recheck, true);
        if (atomic_load(&position->bytes) == old && echo_deserted(link))
            return EPIPE;
    }
}

static void move_on(struct position *position, uint32_t bytes)
{
    atomic_store(&position->bytes, bytes);
    if (atomic_load(&position->sleeps) && atomic_exchange(&position->sleeps, 0))
        futex_wake(&position->bytes, 1, true);
}

/* How much of `size` bytes at a position lies before the ring's end, at most `limit`. */
static uint32_t piece_at(uint32_t position, size_t size, uint32_t limit)
{
    uint32_t piece = RING_BYTES - position % RING_BYTES;
    if (piece > limit)
        piece = limit;
    return piece > size ? (uint32_t)size : piece;
}

static int send_bytes(struct echo_link *link, const void *bytes, size_t size)
{
    struct ring *ring = ring_of(link, false);
    const unsigned char *from = bytes;
    uint32_t put = atomic_load_explicit(&ring->put.bytes, memory_order_relaxed); /* our own */
    while (size > 0) {
        uint32_t taken = atomic_load_explicit(&ring->taken.bytes, memory_order_acquire);
        uint32_t piece = piece_at(put, size, RING_BYTES - (put - taken));
        if (piece == 0) {
            int code = wait_for_change(link, &ring->taken, taken);
            if (code)
                return code;
            continue;
        }
        memcpy(ring->bytes + put % RING_BYTES, from, piece);
        move_on(&ring->put, put += piece);
        from += piece;
        size -= piece;
    }
    return 0;
}

static int receive_bytes(struct echo_link *link, void *bytes, size_t size)
{
    struct ring *ring = ring_of(link, true);
    unsigned char *to = bytes;
    uint32_t taken = atomic_load_explicit(&ring->taken.bytes, memory_order_relaxed); /* our own */
    while (size > 0) {
        uint32_t put = atomic_load_explicit(&ring->put.bytes, memory_order_acquire);
        uint32_t piece = piece_at(taken, size, put - taken);
        if (piece == 0) {
            int code = wait_for_change(link, &ring->put, put);
            if (code)
                return code;
            continue;
        }
        memcpy(to, ring->bytes + taken % RING_BYTES, piece);
        move_on(&ring->taken, taken += piece);
        to += piece;
        size -= piece;
    }
    return 0;
}

static const struct echo_transport transport = {
    .what = "shared-memory ring",
    .make = make_rings,
    .open = open_rings,
    .close = close_rings,
    .send = send_bytes,
    .receive = receive_bytes,
};

static int setup(struct case_run *run)
{
    return echo_setup(run, &transport);
}

const struct bench_case case_ipc_ring = {
    .name = "ipc-ring",
    .summary = "messages to a partner process and back through a ring in shared memory",
    .description = "A ring of 64 kB in shared memory for each direction; who waits spins for a "
                   "moment before it sleeps on a futex, so that two busy sides on two CPUs make no "
                   "system call." ECHO_TASK
                   " Spinning keeps a CPU busy while it waits, so that a worker and its partner "
                   "take two CPUs: expect a speedup of half the CPUs, which on two is 1.",
    .setup = setup,
    ECHO_HOOKS,
};
