/* The range word alone: its claims against a simple model of a list, and its owner against thieves,
 * each index claimed exactly once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "harness/pool/range.h"
#include "harness/util/hash.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Where ranges begin: also just before the indices wrap, and where they turn negative. */
static const uint32_t origins[] = {0, 1, 64, 1000, UINT32_MAX / 2, UINT32_MAX - 300, UINT32_MAX};

/* ---- against a model ---- */

/* What should be in the word: `count` indices from `begin`. */
struct model {
    range_word word;
    uint32_t begin, count;
};

static void assert_agrees(struct model *model)
{
    const struct range range = range_unpack(model->word);
    assert_int_equal(range_count(range), model->count);
    assert_int_equal(range_is_empty(&model->word), model->count == 0);
    if (model->count > 0)
        assert_int_equal(range.begin, model->begin);
}

static void put(struct model *model, uint32_t begin, uint32_t count)
{
    range_put(&model->word, (struct range){begin, begin + count});
    model->begin = begin;
    model->count = count;
}

static void take(struct model *model, uint32_t count)
{
    struct range claimed = {0};
    uint32_t wanted = count > model->count ? model->count : count;
    assert_int_equal(range_take(&model->word, count, &claimed), model->count > 0);
    if (model->count == 0)
        return;
    assert_int_equal(claimed.begin, model->begin);
    assert_int_equal(range_count(claimed), wanted);
    model->begin += wanted;
    model->count -= wanted;
}

/* The larger half or, for many, up to 63 more, from a multiple of 64 on. */
static void steal(struct model *model)
{
    struct range claimed = {0};
    assert_int_equal(range_steal(&model->word, &claimed), model->count > 0);
    if (model->count == 0)
        return;
    uint32_t half = model->count - model->count / 2, got = range_count(claimed);
    assert_int_equal(claimed.end, model->begin + model->count);
    assert_true(got >= half && got <= model->count);
    if (model->count / 2 < 256)
        assert_int_equal(got, half);
    else
        assert_true(got < half + 64 && claimed.begin % 64 == 0);
    model->count -= got;
}

static void empty_out(struct model *model)
{
    struct range claimed = {0};
    assert_int_equal(range_empty_out(&model->word, &claimed), model->count > 0);
    if (model->count == 0)
        return;
    assert_int_equal(claimed.begin, model->begin);
    assert_int_equal(range_count(claimed), model->count);
    model->count = 0;
}

static void claims_are_those_of_a_list(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(origins); i++) {
        struct model model = {.word = 0};
        for (uint64_t step = 0; step < 200000; step++) {
            uint64_t random = hash_mix(i, step);
            uint32_t number = (uint32_t)(random >> 32);
            if (model.count == 0 && random % 4 > 0)
                put(&model, origins[i] + number % 128, 1 + (number >> 8) % (1u << number % 20));
            else if (random % 16 == 0)
                empty_out(&model);
            else if (random % 2 == 0)
                steal(&model);
            else
                take(&model, 1 + number % 50);
            assert_agrees(&model);
        }
    }
}

static void a_range_holds_up_to_2_to_the_31_less_1(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(origins); i++) {
        struct model model = {.word = 0};
        put(&model, origins[i], INT32_MAX);
        for (int turn = 0; model.count > 0; turn++) {
            if (turn % 2)
                steal(&model);
            else
                take(&model, 1 + model.count / 4);
            assert_agrees(&model);
        }
        assert_agrees(&model);
    }
}

/* ---- one owner, several thieves ---- */

#define THIEVES 3
#define PATIENCE_S 60
#define INDICES (1u << 20) /* of which each round has some */

struct arena {
    range_word word;
    uint32_t origin;
    _Atomic bool over;
    _Atomic uint64_t left;                 /* of this round */
    _Atomic unsigned char claims[INDICES]; /* how often each index was claimed */
};

static void note(struct arena *arena, struct range claimed)
{
    for (uint32_t i = claimed.begin; i != claimed.end; i++) /* relaxed: `left` publishes them */
        atomic_fetch_add_explicit(&arena->claims[i - arena->origin], 1, memory_order_relaxed);
    atomic_fetch_sub(&arena->left, range_count(claimed));
}

static void *thief(void *argument)
{
    struct arena *arena = argument;
    struct range claimed = {0};
    for (uint64_t turn = 0; !atomic_load(&arena->over); turn++) {
        if (turn % 64 == 63 ? range_empty_out(&arena->word, &claimed)
                            : range_steal(&arena->word, &claimed))
            note(arena, claimed);
        else
            sched_yield();
    }
    return NULL;
}

/* The owner puts in what a round has, in pieces as they are gone, and takes its part. The
 * indices of one round are those of the next: a thief that has slept finds what it had seen. */
static void run_round(struct arena *arena, uint32_t indices, uint32_t piece, uint32_t chunk)
{
    struct range claimed = {0};
    memset((void *)arena->claims, 0, indices);
    atomic_store(&arena->left, indices);
    for (uint32_t begin = 0; begin < indices; begin += piece) {
        uint32_t end = begin + piece < indices ? begin + piece : indices;
        range_put(&arena->word, (struct range){arena->origin + begin, arena->origin + end});
        while (range_take(&arena->word, chunk, &claimed))
            note(arena, claimed);
    }
    for (uint64_t left; (left = atomic_load(&arena->left)) > 0; sched_yield())
        if (left > indices)
            fail_msg("%u indices, and more than that were claimed", indices);
    for (uint32_t i = 0; i < indices; i++)
        if (arena->claims[i] != 1)
            fail_msg("index %u of %u was claimed %d times", i, indices, arena->claims[i]);
}

static void an_owner_and_thieves_claim_each_index_once(uint32_t rounds, uint32_t indices)
{
    static struct arena arena;
    alarm(PATIENCE_S); /* an index that nobody gets is waited for */
    for (size_t i = 0; i < COUNT(origins); i++) {
        pthread_t thieves[THIEVES];
        arena.origin = origins[i];
        arena.over = false;
        for (size_t k = 0; k < THIEVES; k++)
            assert_int_equal(pthread_create(&thieves[k], NULL, thief, &arena), 0);
        for (uint32_t round = 0; round < rounds; round++) {
            uint64_t random = hash_mix(7, round);
            uint32_t some = 1 + (uint32_t)(random % indices);
            run_round(&arena, some, 1 + (uint32_t)(random >> 40) % some,
                1 + (uint32_t)(random >> 32) % 8);
        }
        atomic_store(&arena.over, true);
        for (size_t k = 0; k < THIEVES; k++)
            pthread_join(thieves[k], NULL);
    }
    alarm(0);
}

static void each_index_of_long_ranges_is_claimed_once(void **state)
{
    (void)state;
    an_owner_and_thieves_claim_each_index_once(3, INDICES);
}

static void each_index_of_short_ranges_is_claimed_once(void **state)
{
    (void)state;
    an_owner_and_thieves_claim_each_index_once(5000, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(claims_are_those_of_a_list),
        cmocka_unit_test(a_range_holds_up_to_2_to_the_31_less_1),
        cmocka_unit_test(each_index_of_long_ranges_is_claimed_once),
        cmocka_unit_test(each_index_of_short_ranges_is_claimed_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
