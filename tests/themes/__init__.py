"""The admin under the themes that others make: ``python -m tests.themes [NAME…]``.

For each theme a virtual environment is made, the example project runs in it with the theme, and a
browser opens the app's pages, looks for what is out of reach or cannot be read, and decides.
``--folder`` keeps the pictures.
"""
