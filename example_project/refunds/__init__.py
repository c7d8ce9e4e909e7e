"""Money back for each confirmed cancellation: a side effect that is neither lost nor done twice.

The receiver enqueues a task inside the transaction that confirms; a worker carries it out, as often
as it takes, and only the first time has an effect. Where the queue is, is a matter of settings:

``TASKS=database`` (the default)
    The task is a row of the same database, written by the same transaction: it exists exactly if
    the decision does. ``manage.py db_worker`` carries it out.
``TASKS=redis``
    For many machines. The task is sent to Redis before the transaction ends, and no transaction
    spans the two. So it may exist for a decision that was rolled back (it finds nothing to do), or
    start before the decision is committed (it waits for the lock, or looks again later);
    and it is there whenever the decision is, but only for as long as Redis keeps what it was sent:
    with ``appendfsync everysec`` a crash of its machine may lose the last second. While Redis
    cannot be reached nothing can be confirmed: the receiver raises, which vetoes.
    ``manage.py rqworker --with-scheduler`` carries it out.
``TASKS=celery``
    For hosts that have Celery: see ``by_celery.py``.

Neither of the first two gives a task to another worker when one is killed in the middle of it, or
tries a failed one again. ``manage.py enqueue_missing_refunds`` does, on both, and makes up for what
Redis lost: let cron run it.
"""
