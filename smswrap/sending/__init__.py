"""What a send is: numbers, texts, lists, plans, decisions, outcomes. The doors enter, through `service.py` alone to send."""
