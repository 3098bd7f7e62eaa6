"""What was planned, sent and received, in one SQLite file: all SQL of the product, giving and taking frozen records.

`sending` and the doors that list history may enter; they see records, never a row or a statement.
"""
