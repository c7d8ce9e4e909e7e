"""Contender: what a tutorial shows. No lock, no side, no trail."""
