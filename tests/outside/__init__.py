"""Proves that what is built can be installed and used by the README alone.

``python -m tests.outside`` builds the wheel and the sdist, looks into them, and follows the steps
of the README literally in a new project with an environment of its own: migrate, call, uninstall.

``python -m tests.outside oscar`` adopts a shop on django-oscar by the section of docs/hosts.rst.
"""
