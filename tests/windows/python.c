/* SPDX-License-Identifier: MIT */
/* python.exe: the package that the DLL comes from has none. */
#include <wchar.h>

__declspec(dllimport) int Py_Main(int argc, wchar_t **argv);

int wmain(int argc, wchar_t **argv)
{
    return Py_Main(argc, argv);
}
