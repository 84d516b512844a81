/* What a loop that looks at another CPU's memory does between two looks: tells its own CPU so,
 * which then leaves more to the other hardware thread of the core and ends the loop without a
 * penalty. */
#ifndef UTIL_RELAX_H
#define UTIL_RELAX_H

static inline void relax(void)
{
#if defined __x86_64__ || defined __i386__
    __builtin_ia32_pause();
#elif defined __aarch64__
    __asm__ volatile("yield");
#endif
}

#endif
