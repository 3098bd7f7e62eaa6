"""What is the same for all providers: messages, plans, dispatch, receipts."""
