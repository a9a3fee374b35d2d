"""What a query demands, and whether a text obeys."""
