"""Clients that generators make of the demonstration's schema, and the linters of that schema."""
