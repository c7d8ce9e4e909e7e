"""Contender: the same safe job as timp_orders does, in the fewest hand-written statements."""
