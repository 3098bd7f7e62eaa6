"""What is different between providers, and nothing else; others enter by `base`, `parameters` and `records` alone."""
