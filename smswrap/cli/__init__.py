"""The command-line door: parse into records, call the hall once, render what it gives. People and agents enter here."""

from smswrap import __version__

VERSION = f"smswrap, version {__version__}"
