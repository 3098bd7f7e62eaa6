"""The command-line door: parse into records, call the hall once, render what it gives. People and agents enter here."""
