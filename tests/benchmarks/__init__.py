"""What a safe confirm costs beside an unsafe one: ``python -m tests.benchmarks --help``."""
