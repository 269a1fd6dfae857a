# SPDX-License-Identifier: MIT
"""Errors in the words of the command line."""

import pytest

import netio
from netio import Neighbor, list_interfaces
from netio._native import lib
from netio.cli.messages import message_of, print_error, printable
from netio.errors import Hint, failure, invalid

SUBJECT = "192.0.2.7 on eth0"
ENTRY = Neighbor("192.0.2.7", interface="eth0")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (5, "administrator rights are missing; use sudo or CAP_NET_ADMIN, on Windows an elevated prompt"),
        (1231, "there is no route to the address; name the interface with --interface"),
        (
            1168,
            "the address has no entry there; `netio create` creates one, `netio resolve` probes the link",
        ),
        (
            5010,
            "the address already has an entry there; `netio set` changes it, `netio replace` writes it in either case",
        ),
    ],
)
def test_message_has_subject_reason_advice_and_code(code: int, message: str) -> None:
    """Bug: the message names the Windows function, or advises the user of a command to call a Python function."""
    error = failure("GetIpNetEntry2", code, SUBJECT, meaning=code, row=ENTRY)
    assert message_of(error) == f"{SUBJECT}: {message} (code {code})"


def test_message_about_an_unknown_interface_lists_the_interfaces() -> None:
    names = ", ".join(interface.name for interface in list_interfaces())
    error = failure("GetIpNetTable2", lib.ERROR_NOT_FOUND, "interface nothere")
    expected = f"interface nothere: there is no such interface; the interfaces are {names} (code 1168)"
    assert message_of(error) == expected


def test_message_about_a_rejected_argument_has_no_code() -> None:
    """Bug: a number follows a reason that is already complete."""
    assert message_of(invalid("the value is invalid", "GetIpNetEntry2")) == "the value is invalid"
    assert message_of(invalid("it is ambiguous", hint=Hint.NAME_INTERFACE)) == (
        "it is ambiguous; name the interface with --interface"
    )


def test_message_without_subject_keeps_the_code() -> None:
    """Bug: nothing identifies an error whose code netio does not know."""
    assert message_of(failure("ResolveIpNetEntry2", 8)) == "out of memory (code 8)"


@pytest.mark.parametrize("hint", Hint)
def test_every_hint_has_advice(hint: Hint) -> None:
    """Bug: a hint that the command does not know ends it with a KeyError."""
    text = message_of(invalid("reason", hint=hint))
    assert text.startswith("reason; ")
    assert "interface=" not in text
    assert "()" not in text


def test_error_is_one_line_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    """Bug: control characters of the input reach the terminal, or start another line."""
    print_error(failure("GetIpNetTable2", lib.ERROR_ACCESS_DENIED, "interface a\nb\x1b[31m"), "line 7")
    print_error("nothing was written")
    output = capsys.readouterr()
    first, second = output.err.splitlines()
    assert first.startswith(r"netio: line 7: interface a\nb\x1b[31m: administrator rights are missing; ")
    assert (second, output.out) == ("netio: nothing was written", "")


def test_printable_text_is_unchanged() -> None:
    assert printable("dürr ÄΩ") == "dürr ÄΩ"
    assert printable("a\tb\u202e") == r"a\tb\u202e"


def test_message_of_a_library_call() -> None:
    with pytest.raises(netio.InvalidParameterError) as caught:
        netio.get_neighbor("192.0.2.7", interface="")
    assert message_of(caught.value) == caught.value.reason
