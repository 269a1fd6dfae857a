/* SPDX-License-Identifier: MIT */
/* python.exe, which the package that contains the DLL lacks. */
#include <wchar.h>

__declspec(dllimport) int Py_Main(int argc, wchar_t **argv);

int wmain(int argc, wchar_t **argv)
{
    return Py_Main(argc, argv);
}
