"""Tables of recipients: what a file shows, row by row, and what became of it. `sending` and the doors enter."""
