/* Made text. A word of rank r is as frequent as 1/r (Zipf's law), and spelt by its rank alone, so
 * that frequent words come back letter by letter; letters are as frequent as in English. In blocks
 * of 128 KB, zstd's level 3 makes of it about what it makes of a novel: two bytes of five. */
#include "text.h"

#include "../../harness/util/hash.h"

#include <ctype.h>
#include <stdbool.h>

#define VOCABULARY 8192
#define WORD_MAX 16
#define LINE 72 /* characters after which a line ends with its word */

/* Letters as often as English has them, rounded to 1/64. */
static const char consonants[] =
    "ttttttttttttnnnnnnnnsssssssshhhhhhhhrrrrrrrrddddllllccmmwwffggyyppbbvk";
static const char vowels[] = "eeeeeeeeeeeeeeeeeeeeaaaaaaaaaaaaaooooooooooooiiiiiiiiiiiiuuuuu";

static char pick(const char *letters, size_t size, uint64_t hash)
{
    return letters[hash % (size - 1)]; /* without the terminating zero */
}

/* The letters of the word of that rank; frequent words are short. Returns how many. */
static unsigned spell(uint64_t rank, char *word)
{
    unsigned length = 2 + (unsigned)(hash_mix(1, rank) % 3);
    for (uint64_t rest = rank; rest > 4; rest /= 8)
        length++;
    for (unsigned i = 0; i < length; i++) {
        uint64_t hash = hash_mix(2 + i, rank);
        bool vowel = (rank + i) % 2 == 0;
        word[i] =
            vowel ? pick(vowels, sizeof vowels, hash) : pick(consonants, sizeof consonants, hash);
    }
    return length;
}

/* What stands between two words: one of sixteen sentences or clauses ends. */
static unsigned punctuate(uint64_t hash, bool line_full, char *mark)
{
    unsigned length = 0;
    if (hash % 16 < 2)
        mark[length++] = hash % 16 == 0 ? '.' : ',';
    mark[length++] = line_full ? '\n' : ' ';
    return length;
}

void text_fill(uint64_t key, char *text, size_t size)
{
    size_t column = 0;
    bool sentence = true;
    for (size_t at = 0, count = 0; at < size; count++) {
        char word[WORD_MAX];
        uint64_t hash = hash_mix(key, count);
        uint64_t rank = (uint64_t)exp2(hash_unit(hash) * log2(VOCABULARY));
        unsigned length = spell(rank, word);
        if (sentence)
            word[0] = (char)toupper((unsigned char)word[0]);
        unsigned marks = punctuate(hash, column + length > LINE, word + length);
        sentence = word[length] == '.';
        length += marks;
        column = word[length - 1] == '\n' ? 0 : column + length;
        for (unsigned i = 0; i < length && at < size; i++)
            text[at++] = word[i];
    }
}
