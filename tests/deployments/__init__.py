"""The example project where companies run it: each deployment is set up, stormed and looked at.

``python -m tests.deployments [NAME …] [--short]`` does so for the named deployments, or for all,
and prints a table. The exit status is 1 if an invariant is broken. Without the servers that a
deployment needs it fails: nothing is skipped. All of them take the extra ``deployments``.

A deployment is a module of this package that has

``TITLE``
    What is set up, in one line.
``run(table, *, short)``
    Starts the servers that it needs (in a temporary folder, on free ports, stopped at the end),
    and calls ``table.run(what, scenario, *arguments)`` for each row of the table. A scenario is a
    function that returns what it saw as a text, or raises ``tests.races.stage.Broken``. The short
    form is for CI: seconds instead of minutes.

Modules without a ``TITLE`` serve the others. ``database.use(url)`` leads this process to the
database of a deployment, and ``storms.py`` has the calls and what must hold after them. All of it
is of the demonstration's own settings, as ``tests.races.settings`` has them, and what
``tests.deployments.settings`` reads from the environment.
"""
