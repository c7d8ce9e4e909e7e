"""Telling an organization what happened to cancellations of its items: webhooks and e-mails.

Webhooks follow the Standard Webhooks specification, https://www.standardwebhooks.com, and go to the
URLs that an organization's staff keep in the admin; e-mails go to its members, at once or once a
day. docs/notifications.rst says what is sent, and what is promised.

``receivers`` writes what is to be told, and enqueues it, inside the transaction that decides: both
exist exactly if the decision does. ``tasks`` carries it out, in ``manage.py db_worker``. Let cron
run ``enqueue_missing_notifications`` every minute, ``send_notification_digests`` and
``prune_notifications`` every day.
"""
