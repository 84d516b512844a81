/* Calls with payloads. Each payload begins with a header that says which task it is and how much is
 * to come back, so that a worker which is not a fork of the owner's needs to know nothing else. */
#include "carry.h"

#include "../pool/backend.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Calls under way: 16 a worker as pool_imap has, fewer where they carry much, since their slots are
 * memory that every process has to map. */
#define WINDOW_PER_WORKER 16
#define WINDOW_LEAST 2
#define WINDOW_BYTES 16e6

struct header {
    uint64_t index, result; /* result: bytes to be sent back */
};

int carry_make(struct carry *carry, size_t payload, size_t result, unsigned workers)
{
    size_t more = payload > result ? payload : result;
    double fitting = WINDOW_BYTES / (2 * (double)(more + sizeof(struct header)));
    uint32_t most = WINDOW_PER_WORKER * workers, least = WINDOW_LEAST * workers;
    *carry = (struct carry){
        .payload = payload,
        .result = result,
        .source = calloc(1, sizeof(struct header) + payload),
        .sink = calloc(1, sizeof(struct task_result) + result),
        .call_size = sizeof(struct header) + more,
        .window = fitting < least  ? least
                  : fitting > most ? most
                                   : (uint32_t)fitting,
    };
    if (!carry->source || !carry->sink)
        return -1;
    memset(carry->source + sizeof(struct header), 1, payload); /* pages of its own */
    *(struct header *)(void *)carry->source = (struct header){.result = result};
    return 0;
}

/* Reads every byte once, as whoever uses them would. The sum keeps the compiler from leaving it
 * out. */
static uint64_t read_all(const unsigned char *bytes, size_t size)
{
    uint64_t sum = 0, word;
    for (size_t i = 0; i + sizeof word <= size; i += sizeof word) {
        memcpy(&word, bytes + i, sizeof word);
        sum += word;
    }
    for (size_t i = size / sizeof word * sizeof word; i < size; i++)
        sum += bytes[i];
    __asm__ volatile("" : : "r"(sum));
    return sum;
}

uint64_t carry_unpack(const struct pool_call *call)
{
    const struct header *header = call->payload;
    read_all((const unsigned char *)(header + 1), call->payload_size - sizeof *header);
    return header->index;
}

struct task_result *carry_result(const struct pool_call *call)
{
    return call->result;
}

void carry_pack(struct pool_call *call, uint64_t index)
{
    const struct header *header = call->payload;
    struct task_result *result = call->result;
    memset(result->bytes, (int)(index & 0xff), header->result);
    call->result_size = sizeof *result + header->result;
}

static void send_to(const struct carry *carry, uint64_t index)
{
    ((struct header *)(void *)carry->source)->index = index;
}

/* The owner takes a call's outcome and reads what it sent. */
static int receive(struct pool *pool, struct future *future, uint64_t index)
{
    const void *result;
    size_t size;
    const struct arena *arena = pool->config.arena;
    int code = future_get(future, &result, &size, -1);
    if (code)
        return task_fail(code, "%s", future_message(future));
    const struct task_result *sent = result;
    read_all(sent->bytes, size - sizeof *sent);
    arena_slot(arena, index)->value = sent->value;
    /* relaxed: nobody else looks before the region's end */
    atomic_store_explicit(&arena->status[index], TASK_OK, memory_order_relaxed);
    return 0;
}

int carry_map(struct pool *pool, pool_function *function, const struct carry *carry, uint64_t tasks)
{
    struct future **under_way = calloc(carry->window, sizeof *under_way);
    int code = 0;
    if (!under_way) {
        task_fail(ENOMEM, "no memory for the calls under way");
        return -1;
    }
    for (uint64_t next = 0; !code && next < tasks + carry->window; next++) {
        struct future **place = &under_way[next % carry->window];
        if (*place)
            code = receive(pool, *place, next - carry->window);
        future_free(*place);
        *place = NULL;
        if (code || next >= tasks)
            continue;
        send_to(carry, next);
        *place = pool_submit(
            pool, function, carry->source, sizeof(struct header) + carry->payload, NULL);
        code = *place ? 0 : errno;
    }
    for (uint32_t i = 0; i < carry->window; i++)
        future_free(under_way[i]);
    free(under_way);
    return code ? -1 : 0;
}

int carry_alone(const struct carry *carry, pool_function *function, const void *ctx, void *local,
    uint64_t index, struct task_result *slot)
{
    struct pool_call call = {.ctx = ctx,
        .local = local,
        .payload = carry->source,
        .payload_size = sizeof(struct header) + carry->payload,
        .result = carry->sink};
    send_to(carry, index);
    int code = function(&call);
    const struct task_result *made = carry_result(&call);
    read_all(made->bytes, carry->result);
    slot->value = made->value;
    return code;
}
