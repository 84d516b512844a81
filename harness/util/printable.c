/* A quoted byte must neither end a message's line nor move a terminal's cursor. */
#include "printable.h"

void printable_line(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = '?';
}
