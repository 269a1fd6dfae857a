/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <stdio.h>

#include "platform.h"

/* Returns the length of the system's text in the user's language, without its line break; 0 if there is no text. */
static int system_text(DWORD code, WCHAR *text, DWORD size)
{
    const DWORD flags = FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS;
    DWORD length = FormatMessageW(flags, NULL, code, 0, text, size, NULL);

    while (length > 0 && (text[length - 1] == L'\r' || text[length - 1] == L'\n' || text[length - 1] == L' '))
        length--;
    return (int)length;
}

void netio_message(DWORD code, char *text, size_t size)
{
    WCHAR wide[1024];
    const int room = size > INT_MAX ? INT_MAX : (int)size - 1;
    int length = system_text(code, wide, sizeof wide / sizeof *wide);
    int written = 0;

    if (room < 0)
        return;
    /* A text that does not fit loses whole characters at its end. */
    for (; written == 0 && length > 0 && room > 0; length--)
        written = WideCharToMultiByte(CP_UTF8, 0, wide, length, text, room, NULL, NULL);
    text[written] = '\0';
    if (written == 0)
        snprintf(text, size, "Win32 error %lu", code);
}
