"""Proves that no request that the schema allows, and none that it forbids, breaks the API.

``python -m tests.fuzz [examples]`` starts the demonstration on a database of its own and lets
schemathesis, with all its checks and all its phases, call it as the supplier and as the retailer.
It fails if anything is found.
"""
