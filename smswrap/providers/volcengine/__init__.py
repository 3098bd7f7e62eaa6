"""Volcengine SMS (the ForAgent actions of 2026-01-01) through `scripts/volc_sms.py`; `providers.base` alone enters."""
