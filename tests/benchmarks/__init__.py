"""Proves what a safe confirmation costs beside an unsafe one, and that cost does not grow.

``python -m tests.benchmarks [part …]`` measures on the database of ``DATABASE_URL``; ``--help``
names the parts. The contenders are in packages of their own, and take turns.
"""
