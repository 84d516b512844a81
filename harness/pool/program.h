/* The program's own object, as it is loaded in this process. Another process that runs the same
 * program has it too, maybe elsewhere; what other objects (plug-ins) hold, it may not have. */
#ifndef POOL_PROGRAM_H
#define POOL_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where it is loaded: the same thing lies as far behind that in every process. */
uintptr_t program_base(void);

/* Whether this address lies in it. */
bool program_has(uintptr_t address);

/* The name of the object that the address lies in, as far as it is known. */
const char *program_object(uintptr_t address);

#endif
