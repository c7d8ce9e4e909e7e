"""Contender: what a careful developer puts together from packages instead of timp_orders."""
