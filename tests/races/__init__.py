"""Proves that of racing calls exactly one wins, whoever is killed.

``python -m tests.races [--short]`` runs servers and clients on the database of ``DATABASE_URL``:
storms of calls on the same items, kills of servers and of the sessions of the database, crashes of
a scratch cluster. Afterwards it counts: nothing was lost, nothing happened twice.
"""
