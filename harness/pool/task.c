/* The calling thread's: the message of its last failure, and the gate that it takes turns at. */
#include "task.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char message[TASK_MESSAGE_MAX];
static _Thread_local int noted;
__thread struct gate *task_gate;

int task_fail(int code, const char *format, ...)
{
    char made[TASK_MESSAGE_MAX]; /* since an argument may be the last message itself */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(made, sizeof made, format, arguments);
    va_end(arguments);
    memcpy(message, made, sizeof message);
    noted = 1;
    return code > 0 ? code : EIO;
}

const char *task_message(int code)
{
    if (!noted)
        snprintf(message, sizeof message, "%s", strerror(code));
    noted = 0;
    return message;
}
