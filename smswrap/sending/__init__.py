"""What a send is: numbers, texts, lists, plans, decisions, outcomes. To send, the doors enter by `service.py` alone."""
