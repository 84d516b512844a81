/* Whether a result can be believed: TRUSTED, SUSPECT or REFUSED, with reasons. Pure. */
#ifndef ANALYZE_VERDICT_H
#define ANALYZE_VERDICT_H

#include "../store/result.h"

enum verdict_level { VERDICT_TRUSTED, VERDICT_SUSPECT, VERDICT_REFUSED };

#define VERDICT_REASONS_MAX 16

struct verdict {
    enum verdict_level level;
    size_t count;   /* of reasons, each a full statement with figures */
    size_t refused; /* how many of them refuse; they come first */
    char reasons[VERDICT_REASONS_MAX][192];
};

/* REFUSED: a wrong checksum, a task that is lost or timed out, a sample that failed, cgroup
 * throttling, steal > 1 % of the window and at least 3 ticks, CPUs changed, swap-in, other
 * processes using > 15 % of the usable CPUs, canary drifting > 10 % (medians of the first and the
 * last third of at least 3 blocks). SUSPECT: others > 5 %; canary > 5 %; and, per configuration
 * from 20 samples that enter estimates: CoV > 10 %, halves' medians > 5 % apart and their intervals
 * apart, > 10 % of samples and one more beyond 3 interquartile ranges from the quartiles, lag-1
 * autocorrelation > max(0.3, 2/sqrt(n)), > 10 % of samples and one more with > 10x the median of
 * involuntary switches (or 30). "One more", and a 2 that grows with the number of configurations,
 * keep false alarms on clean noise below 5 % in all (simulated in test_verdict).
 *
 * A gate gives one reason, with its worst configuration, so that there is room for all. Without
 * memory the gates on times are left out. */
struct verdict verdict_of(const struct result *result);

/* "TRUSTED", "SUSPECT", "REFUSED". */
const char *verdict_name(enum verdict_level level);

#endif
