/* The first object that the dynamic linker lists is the program. See program.h. */
#include "program.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>

static struct {
    uintptr_t base, begin, end;
} program;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int take_first(struct dl_phdr_info *info, size_t size, void *argument)
{
    (void)size;
    (void)argument;
    program.base = program.begin = info->dlpi_addr;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        uintptr_t end = info->dlpi_addr + part->p_vaddr + part->p_memsz;
        if (part->p_type == PT_LOAD && end > program.end)
            program.end = end;
    }
    return 1;
}

static void look(void)
{
    dl_iterate_phdr(take_first, NULL);
}

uintptr_t program_base(void)
{
    pthread_once(&once, look);
    return program.base;
}

bool program_has(uintptr_t address)
{
    pthread_once(&once, look);
    return address >= program.begin && address < program.end;
}

const char *program_object(uintptr_t address)
{
    Dl_info info;
    return dladdr((const void *)address, &info) && info.dli_fname ? info.dli_fname
                                                                  : "an unknown object";
}
