"""What the Python scripts share: where the simulators are, and checks that say what they found."""

import json
import os
import sys

with open(os.environ["THROUGHLINE_SANDBOX"], encoding="utf-8") as file:
    _SANDBOX = json.load(file)

CA_FILE = _SANDBOX["caFile"]
# requests and httpx trust what these name.
os.environ["REQUESTS_CA_BUNDLE"] = CA_FILE
os.environ["SSL_CERT_FILE"] = CA_FILE

_passed = 0


def system(product):
    """A simulator: baseUrl, settings, credentials."""
    return _SANDBOX["systems"][product]


def check(what, found, expected):
    """Goes on when the two are equal, else ends the script."""
    global _passed
    if found != expected:
        sys.exit(f"{what}: expected {expected!r}, found {found!r}")
    _passed += 1


def raises(what, kind, work):
    """The error that the work must raise."""
    global _passed
    try:
        answer = work()
    except kind as error:
        _passed += 1
        return error
    sys.exit(f"{what}: expected {kind.__name__}, got an answer: {answer!r}")


def done():
    """Ends the script well."""
    print(f"{_passed} checks passed")
