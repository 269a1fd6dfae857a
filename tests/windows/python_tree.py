# SPDX-License-Identifier: MIT
"""Assembles a Windows CPython of the version of the running interpreter: python_tree.py WHEEL DESTINATION.

The DLL and the extension modules are those of python.org, from a wheel that contains them; each is verified before it
is written. The Python part of the library is that of the running interpreter.
"""

import hashlib
import re
import shutil
import ssl
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

import abi3info  # type: ignore[import-untyped]
from abi3info.models import PyVersion  # type: ignore[import-untyped]

HERE = Path(__file__).parent
GCC = "x86_64-w64-mingw32-gcc"
DLL = f"python{sys.version_info[0]}{sys.version_info[1]}"

# Times of the signatures, in seconds since 1970: 3.11.9; 3.13.11, its OpenSSL and its libffi. The certificates were
# valid then, and have expired since.
SIGNED = ("1712061129", "1764955394", "1759522876", "1675979187")

# SHA-256 of the Microsoft Identity Verification Root Certificate Authority 2020, which Debian does not trust, and which
# expires in 2045. The signatures of python.org since 2024 have it as root, and contain it.
MICROSOFT_ROOT = "5367f20c7ade0e2bca790915056d086b720c33c1fa2a2661acf787e3292e1270"

SIGNER = re.compile(
    r"^Signer's certificate:.*?Signer #0:\s+Subject: [^\n]*/CN=Python Software Foundation\n", re.MULTILINE | re.DOTALL
)

NOT_NEEDED = re.compile(
    r"api-ms-win|vcruntime|tcl|tk|_tkinter|sqlite|_sqlite|_msi|winsound|_test|zlib1|_wmi|.*[0-9]t[-.]", re.IGNORECASE
)  # _wmi ends the process under Wine 8; [0-9]t: for free-threaded CPython


def run(*command: str | Path) -> str:
    """Run a command and return its output."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def knows_revocation() -> bool:
    """Return whether this osslsigncode fetches revocation lists, and has options against it; not so in Debian 12."""
    version = run("osslsigncode", "--version")
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2]) > (2, 5)


def trusted_roots(path: Path, scratch: Path) -> str:
    """Return the root certificates of Debian, and Microsoft's if the signature of the file contains it."""
    signature = scratch / "signature.pem"
    run("osslsigncode", "extract-signature", "-pem", "-in", path, "-out", signature)
    contained = run("openssl", "pkcs7", "-in", signature, "-print_certs")
    signature.unlink()
    roots = Path("/etc/ssl/certs/ca-certificates.crt").read_text(encoding="utf-8")
    for pem in re.findall(r"-----BEGIN CERTIFICATE-----\n.*?-----END CERTIFICATE-----\n", contained, re.DOTALL):
        if hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest() == MICROSOFT_ROOT:
            roots += pem
    return roots


def verify(path: Path, scratch: Path) -> None:
    """Exit unless the Python Software Foundation signed the file, with a trusted root certificate."""
    authorities = scratch / "authorities.pem"
    authorities.write_text(trusted_roots(path, scratch), encoding="utf-8")
    options = ["-ignore-cdp", "-ignore-crl", "-ignore-timestamp"] if knows_revocation() else []
    for time in SIGNED:
        command = ["osslsigncode", "verify", *options, "-time", time, "-CAfile", str(authorities)]
        found = subprocess.run([*command, "-in", str(path)], capture_output=True, text=True, check=False)
        if found.returncode == 0 and "Succeeded" in found.stdout.split("\n") and SIGNER.search(found.stdout):
            return
    sys.exit(f"{path.name} has no valid signature of the Python Software Foundation:\n{found.stdout}{found.stderr}")


def take_binaries(wheel: Path, tree: Path) -> int:
    """Write the verified binaries into the tree and return their number."""
    count = 0
    with zipfile.ZipFile(wheel) as archive, tempfile.TemporaryDirectory() as scratch:
        for member in archive.namelist():
            path = PurePosixPath(member)
            if path.parent.name != "deploy_libs" or NOT_NEEDED.match(path.name):
                continue
            unverified = Path(scratch, path.name)
            unverified.write_bytes(archive.read(member))
            verify(unverified, Path(scratch))
            shutil.move(unverified, tree / ("" if path.stem == DLL else "DLLs") / path.name)
            count += 1
    return count


def copy_library(tree: Path) -> None:
    """Copy the Python part of the standard library, without the modules that no test needs."""
    source = Path(sysconfig.get_path("stdlib"))
    unused = (
        "__pycache__ config-* dist-packages ensurepip EXTERNALLY-MANAGED idlelib lib-dynload lib2to3 site-packages "
        "_sysconfigdata* test tests tkinter turtledemo"
    )
    shutil.copytree(source, tree / "Lib", ignore=shutil.ignore_patterns(*unused.split()))
    (tree / "Lib/site-packages").mkdir()


def exports(dll: Path) -> set[str]:
    """Return the names that a DLL exports."""
    table = run("x86_64-w64-mingw32-objdump", "-p", dll).partition("[Ordinal/Name Pointer] Table")[2]
    # binutils 2.44 also prints the ordinal and the hint.
    names = re.findall(
        r"^\s+\[ *\d+\](?: \+base\[ *\d+\] +[0-9a-f]+)? (\w+)$", table.partition("\n\n")[0], re.MULTILINE
    )
    if not names:
        sys.exit(f"objdump lists the exports of {dll.name} in an unknown format")
    return set(names)


def stable_names() -> tuple[set[str], set[str]]:
    """Return the names of functions and of data in the stable ABI of CPython 3.11."""
    kinds = abi3info.FUNCTIONS.values(), abi3info.DATAS.values()
    functions, data = ({entry.symbol.name for entry in kind if entry.added <= PyVersion(3, 11)} for kind in kinds)
    return functions, data


def write_libraries(tree: Path) -> None:
    """Build python3.dll, which forwards only the stable ABI, and the import libraries of both DLLs."""
    libs = tree / "libs"
    libs.mkdir()
    present = exports(tree / f"{DLL}.dll")
    functions, data = (sorted(names & present) for names in stable_names())
    (libs / f"{DLL}.def").write_text(f"LIBRARY {DLL}.dll\nEXPORTS\n" + "\n".join(sorted(present)) + "\n")
    run("x86_64-w64-mingw32-dlltool", "-d", libs / f"{DLL}.def", "-l", libs / f"lib{DLL}.a")
    forwards = [f"{name} = {DLL}.{name}" for name in functions] + [f"{name} = {DLL}.{name} DATA" for name in data]
    (libs / "python3.def").write_text("LIBRARY python3.dll\nEXPORTS\n" + "\n".join(forwards) + "\n")
    library = f"-Wl,--out-implib,{libs}/libpython3.a"
    run(GCC, "-shared", "-nostdlib", "-Wl,-e0", "-s", "-o", tree / "python3.dll", libs / "python3.def", library)


def main() -> None:
    wheel, tree = Path(sys.argv[1]), Path(sys.argv[2])
    shutil.rmtree(tree, ignore_errors=True)
    (tree / "DLLs").mkdir(parents=True)
    count = take_binaries(wheel, tree)
    copy_library(tree)
    write_libraries(tree)
    run(GCC, "-municode", "-O2", "-s", "-o", tree / "python.exe", HERE / "python.c", f"-L{tree}/libs", f"-l{DLL}")
    print(f"{count} signatures verified")  # noqa: T201


main()
