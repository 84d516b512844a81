/* SHA-256 through OpenSSL's EVP interface. pkg-config: libcrypto
 *
 * One block of made data serves all tasks: task i hashes its index as 8 bytes, the lowest first,
 * and then the block. So every digest is another one, and no task spends time on making data or
 * waits for memory that is not in the cache.
 *
 * A worker has a context and an algorithm of its own. EVP_sha256() would be looked up anew at each
 * start of a digest, and an algorithm that all share has a reference count that all write to. */
#include "case.h"

#include "support/content.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_TASKS 2000
#define DIGEST_SIZE 32
#define INDEX_SIZE 8
#define CHECKED_MAX 8 /* digests that verify computes anew */
#define PIECE 65536u  /* bytes between two check points */

struct sha256 {
    uint64_t size;
    unsigned char block[];
};

struct sha256_worker {
    EVP_MD *algorithm;
    EVP_MD_CTX *context;
};

static int sha256_setup(struct case_run *run)
{
    uint64_t size = param_count(run->params, "size");
    struct sha256 *sha256 = malloc(sizeof *sha256 + size);
    if (sha256 == NULL)
        return task_fail(ENOMEM, "no memory for a block of %" PRIu64 " bytes; lower size", size);
    sha256->size = size;
    content_fill(run->seed, 0, sha256->block, size);
    if (run->tasks == 0)
        run->tasks = DEFAULT_TASKS;
    run->even = true;
    run->result_size = DIGEST_SIZE;
    run->ctx = sha256;
    return 0;
}

static void sha256_teardown(void *ctx)
{
    free(ctx);
}

static void sha256_worker_leave(const void *ctx, void *local)
{
    (void)ctx;
    struct sha256_worker *worker = local;
    EVP_MD_CTX_free(worker->context);
    EVP_MD_free(worker->algorithm);
    free(worker);
}

static int sha256_worker_enter(const void *ctx, void **local)
{
    struct sha256_worker *worker = calloc(1, sizeof *worker);
    if (worker == NULL)
        return task_fail(ENOMEM, "no memory for a worker");
    worker->algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    worker->context = EVP_MD_CTX_new();
    if (worker->algorithm == NULL || worker->context == NULL) {
        sha256_worker_leave(ctx, worker);
        return task_fail(EIO, "OpenSSL gives no SHA-256; look at its configuration (openssl.cnf)");
    }
    *local = worker;
    return 0;
}

static void write_index(uint64_t index, unsigned char bytes[INDEX_SIZE])
{
    for (unsigned i = 0; i < INDEX_SIZE; i++)
        bytes[i] = (unsigned char)(index >> (8 * i));
}

/* The digest's first bytes are as good a hash of it as any. */
static uint64_t digest_value(const unsigned char *digest)
{
    uint64_t value;
    memcpy(&value, digest, sizeof value);
    return value;
}

/* Hashes the block piece by piece. Returns whether the library could. */
static bool hash_block(const struct sha256 *sha256, EVP_MD_CTX *context)
{
    for (uint64_t done = 0; done < sha256->size; done += PIECE) {
        uint64_t left = sha256->size - done;
        if (EVP_DigestUpdate(context, sha256->block + done, left < PIECE ? left : PIECE) != 1)
            return false;
        task_checkpoint();
    }
    return true;
}

static int sha256_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    const struct sha256 *sha256 = ctx;
    struct sha256_worker *worker = local;
    unsigned char prefix[INDEX_SIZE];
    write_index(index, prefix);
    if (EVP_DigestInit_ex2(worker->context, worker->algorithm, NULL) != 1 ||
        EVP_DigestUpdate(worker->context, prefix, sizeof prefix) != 1 ||
        !hash_block(sha256, worker->context) ||
        EVP_DigestFinal_ex(worker->context, result->bytes, NULL) != 1)
        return task_fail(EIO, "OpenSSL cannot hash block %" PRIu64, index);
    result->value = digest_value(result->bytes);
    return 0;
}

/* Whether the library gives the digests that FIPS 180-2 prints for these texts (appendix B). */
static bool library_is_right(void)
{
    static const struct {
        const char *text;
        unsigned char digest[DIGEST_SIZE];
    } known[] = {
        {"abc", {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae,
                    0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff,
                    0x61, 0xf2, 0x00, 0x15, 0xad}},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            {0x24, 0x8d, 0x6a, 0x61, 0xd2, 0x06, 0x38, 0xb8, 0xe5, 0xc0, 0x26, 0x93, 0x0c, 0x3e,
                0x60, 0x39, 0xa3, 0x3c, 0xe4, 0x59, 0x64, 0xff, 0x21, 0x67, 0xf6, 0xec, 0xed, 0xd4,
                0x19, 0xdb, 0x06, 0xc1}},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        unsigned char digest[DIGEST_SIZE];
        const char *text = known[i].text;
        if (EVP_Digest(text, strlen(text), digest, NULL, EVP_sha256(), NULL) != 1 ||
            memcmp(digest, known[i].digest, sizeof digest) != 0)
            return false;
    }
    return true;
}

static int fail_digest(uint64_t index)
{
    return task_fail(
        EIO, "task %" PRIu64 ": not the SHA-256 digest of its index and the block", index);
}

/* Some of the digests anew, of index and block in one piece. */
static int check_digests(const struct sha256 *sha256, const struct case_results *results)
{
    unsigned char *piece = malloc(INDEX_SIZE + sha256->size);
    if (piece == NULL)
        return task_fail(ENOMEM, "no memory to check %" PRIu64 " bytes", sha256->size);
    memcpy(piece + INDEX_SIZE, sha256->block, sha256->size);
    uint64_t step = case_tasks(results) / CHECKED_MAX + 1;
    int code = 0;
    for (uint64_t i = 0; i < case_tasks(results) && code == 0; i += step) {
        unsigned char digest[DIGEST_SIZE];
        write_index(i, piece);
        if (!case_ok(results, i))
            continue;
        if (EVP_Digest(piece, INDEX_SIZE + sha256->size, digest, NULL, EVP_sha256(), NULL) != 1 ||
            memcmp(digest, case_result(results, i)->bytes, sizeof digest) != 0)
            code = fail_digest(i);
    }
    free(piece);
    return code;
}

/* Known vectors show that the library is right, and some digests that the tasks use it rightly;
 * that the others are as serial's shows the checksum, which covers the bytes through the values. */
static int sha256_verify(const void *ctx, const struct case_results *results)
{
    if (!library_is_right())
        return task_fail(EIO, "OpenSSL's SHA-256 of \"abc\" is not what FIPS 180-2 says");
    for (uint64_t i = 0; i < case_tasks(results); i++) {
        const struct task_result *result = case_result(results, i);
        if (case_ok(results, i) && result->value != digest_value(result->bytes))
            return fail_digest(i);
    }
    return check_digests(ctx, results);
}

/* The digest of all digests in the order of tasks. */
static void sha256_answer(
    const void *ctx, const struct case_results *results, char *text, size_t size)
{
    (void)ctx;
    unsigned char digest[DIGEST_SIZE];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (size == 0)
        return;
    text[0] = '\0';
    bool done = context != NULL && EVP_DigestInit_ex2(context, EVP_sha256(), NULL) == 1;
    for (uint64_t i = 0; i < case_tasks(results) && done; i++)
        if (case_ok(results, i))
            done = EVP_DigestUpdate(context, case_result(results, i)->bytes, DIGEST_SIZE) == 1;
    done = done && EVP_DigestFinal_ex(context, digest, NULL) == 1;
    EVP_MD_CTX_free(context);
    for (size_t i = 0; done && i < DIGEST_SIZE && 2 * i + 2 < size; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
}

static const struct param sha256_params[] = {
    {.name = "size",
        .type = PARAM_COUNT,
        .value = "256k",
        .max = 1e9,
        .help = "bytes that a task hashes, at most 1G"},
    {.name = NULL},
};

const struct bench_case case_sha256 = {
    .name = "sha256",
    .summary = "SHA-256 of blocks through OpenSSL: even CPU work inside a library",
    .description =
        "Each task hashes its index and a block of made data with a context that its worker keeps; "
        "the result is the digest of all digests. The block is shared, read only and stays in the "
        "core's cache, so the core's SHA instructions (or its arithmetic, where it has none) are "
        "the only limit, and all tasks cost the same. Expect speedup = workers up to the usable "
        "CPUs and flat behind; two hardware threads of one core share the unit and gain little. "
        "Below some kilobytes a block, starting a digest and handing out the task cost as much as "
        "the hashing.",
    .kind = CASE_CPU,
    .params = sha256_params,
    .task = sha256_task,
    .setup = sha256_setup,
    .teardown = sha256_teardown,
    .worker_enter = sha256_worker_enter,
    .worker_leave = sha256_worker_leave,
    .verify = sha256_verify,
    .answer = sha256_answer,
};
