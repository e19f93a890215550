"""Standard output and error that are closed, full, not read to their end, or of a small character set."""

import os
import subprocess
import sys

import pytest

ECHO = """
import sys
from job.cli.streams import guarded
with guarded():
    print(sys.argv[1])
    print("log", file=sys.stderr)
    for number in range(int(sys.argv[2])):
        print(number)
    sys.exit(3)
"""


def shell(redirection, text="words", lines=0, **environment):
    """Print a text, a line of log and some numbers, and exit with 3; return code, output and log."""
    command = f'"$0" -c "$1" "$2" "$3" {redirection}'
    arguments = ["bash", "-c", command, sys.executable, ECHO, text, str(lines)]
    done = subprocess.run(arguments, capture_output=True, env=os.environ | environment)
    return done.returncode, done.stdout.decode("latin-1"), done.stderr.decode("latin-1")


@pytest.mark.parametrize(
    ("redirection", "out", "err"),
    [
        ("", "words\n", "log\n"),
        (">&-", "", "log\n"),
        ("2>&-", "words\n", ""),
        ("<&- >&- 2>&-", "", ""),
        ("2>/dev/full", "words\n", ""),
    ],
)
def test_a_closed_stream_or_a_full_log_changes_no_exit_code(redirection, out, err):
    """What it would have shown is dropped."""
    assert shell(redirection) == (3, out, err)


def test_output_that_is_lost_is_reported():
    """As of a query whose rows go to a file on a full disk."""
    code, out, err = shell(">/dev/full")
    assert (code, out) == (2, "")
    reason = "[Errno 28] No space left on device"
    assert err == f"log\nstandard output: cannot write: {reason}; what was printed is incomplete\n"


def test_a_reader_that_wants_no_more_is_no_fault():
    """The command goes on to its end, and its code is its own."""
    assert shell("| head -n 1; exit ${PIPESTATUS[0]}", lines=100_000) == (3, "words\n", "log\n")


def test_characters_that_a_stream_cannot_show_are_escaped():
    """Names may hold any."""
    text = "M\u00fcller \u2713"
    assert shell("", text, PYTHONIOENCODING="latin-1")[1] == "M\u00fcller \\u2713\n"
    assert shell("", text, PYTHONIOENCODING="ascii")[1] == "M\\xfcller \\u2713\n"


def test_a_file_that_is_opened_later_does_not_take_the_place_of_a_closed_stream(tmp_path):
    """Output would be written into it."""
    code = ECHO.replace("with guarded():", "with guarded():\n    file = open(sys.argv[3], 'w')")
    command = '"$0" -c "$1" words 0 "$2" >&-'
    assert subprocess.run(["bash", "-c", command, sys.executable, code, tmp_path / "file"]).returncode == 3
    assert (tmp_path / "file").read_text() == ""


def test_a_locale_that_reads_other_names_is_refused():
    """The rows would hold names that no file has."""
    command = [sys.executable, "-m", "job", "schema"]
    locale = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | locale)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("expected UTF-8: set PYTHONUTF8=1 or LC_ALL=C.UTF-8\n")
