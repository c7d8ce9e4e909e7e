"""Proves that each guard matters: with any one of them taken away, a test fails.

``python -m tests.mutations [WORD …]`` takes one guard away at a time, those whose names have one of
the words or all, and fails if no test notices. It runs on the database of ``DATABASE_URL``. Some
guards matter on some databases only: SQLite's IMMEDIATE transactions do the work of the locks, so
there those are left out, and the table says so.

A guard is found by the structure of the code (``syntax``): a function, and what is changed in its
syntax tree. Where that is not there, or more than once, the mutation is BROKEN, which fails too.
"""
