"""The front door: the only part that reads options or writes to a stream."""
