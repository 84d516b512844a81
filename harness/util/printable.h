/* Text from elsewhere, such as a file or another program, for a message of one line. */
#ifndef UTIL_PRINTABLE_H
#define UTIL_PRINTABLE_H

/* Replaces each control character, line breaks too, by '?'; what is not ASCII stays. */
void printable_line(char *text);

#endif
