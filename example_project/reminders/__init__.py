"""A reminder by e-mail to the members of a supplier whose time to answer is nearly over.

The receiver enqueues a task inside the transaction that marks the cancellation as reminded of: the
task exists exactly if the mark does (see the docstring of ``refunds`` for what each queue
guarantees). ``manage.py enforce_deadlines`` begins it, ``manage.py db_worker`` carries it out.
"""
