import base64
import secrets
import uuid
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from notifications.addresses import Refused, require_allowed_url
from timp_orders.models import Organization

OLD_SECRET_IS_VALID = timedelta(days=1)
"""For how long a rotated secret still signs, so that receivers change theirs when they like."""
GIVE_UP_AFTER = timedelta(days=3)


def make_secret():
    """Return 32 random bytes as the specification writes secrets down."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def validate_url(value):
    try:
        require_allowed_url(value)
    except Refused as error:
        raise ValidationError(str(error)) from error


def in_three_days():
    return timezone.now() + GIVE_UP_AFTER


class Endpoint(models.Model):
    """A URL at which an organization wants to be called."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="notification_endpoints"
    )
    url = models.CharField("URL", max_length=500, validators=[validate_url])
    is_active = models.BooleanField(default=True)
    switched_off_because = models.CharField(max_length=200, blank=True, editable=False)
    secret = models.CharField(max_length=100, default=make_secret, editable=False)
    old_secret = models.CharField(max_length=100, blank=True, editable=False)
    old_secret_until = models.DateTimeField(null=True, editable=False)
    failures = models.PositiveIntegerField("failures in a row", default=0, editable=False)
    paused_until = models.DateTimeField(null=True, editable=False)
    """Nothing is sent before: of a thousand messages to a machine that is down, one tries."""
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return self.url

    def secrets(self):
        """List the secrets to sign with, the newest first."""
        is_old_valid = self.old_secret and timezone.now() < self.old_secret_until
        return [self.secret, self.old_secret] if is_old_valid else [self.secret]

    def rotate_secret(self):
        """Give it another secret, and let the one before sign too for a while; return the new."""
        self.old_secret, self.secret = self.secret, make_secret()
        self.old_secret_until = timezone.now() + OLD_SECRET_IS_VALID
        self.save(update_fields=["secret", "old_secret", "old_secret_until"])
        return self.secret

    rotate_secret.alters_data = True


class Message(models.Model):
    """What one endpoint is told, and how far that got."""

    class State(models.TextChoices):
        PENDING = "pending", "pending"
        DELIVERED = "delivered", "delivered"
        GIVEN_UP = "given up", "given up"

    uuid = models.UUIDField("UUID", primary_key=True, default=uuid.uuid4, editable=False)
    """The same whenever it is sent: receivers know by it what they had before."""
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="messages")
    type = models.CharField(max_length=100)
    body = models.TextField()
    """The very characters that are signed and sent."""
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.PENDING)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    give_up_at = models.DateTimeField(default=in_three_days)
    attempts = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-created_at", "-uuid"]
        indexes = [
            models.Index(fields=["state", "next_attempt_at"], name="notifications_message_due"),
        ]

    def __str__(self):
        return self.webhook_id

    @property
    def webhook_id(self):
        return f"msg_{self.uuid.hex}"


class Attempt(models.Model):
    """One call of an endpoint, and what came of it."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="log")
    at = models.DateTimeField(default=timezone.now)
    status = models.PositiveSmallIntegerField("HTTP status", null=True)
    error = models.CharField(max_length=200, blank=True)
    milliseconds = models.PositiveIntegerField()

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return str(self.status or self.error)


class MailPreference(models.Model):
    """How often an organization's members are written to; without one they are not."""

    class Frequency(models.TextChoices):
        IMMEDIATELY = "immediately", "immediately"
        DAILY = "daily", "once a day"

    organization = models.OneToOneField(
        Organization, on_delete=models.CASCADE, related_name="notification_mails"
    )
    frequency = models.CharField(max_length=11, choices=Frequency.choices)

    def __str__(self):
        return f"{self.organization}: {self.get_frequency_display()}"


class Mail(models.Model):
    """What one member is told by e-mail, at once or with the next digest."""

    uuid = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    cancellation_uuid = models.UUIDField()
    type = models.CharField(max_length=100)
    happened_at = models.DateTimeField()
    is_for_digest = models.BooleanField()
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["created_at", "uuid"]
        indexes = [
            models.Index(fields=["sent_at", "is_for_digest"], name="notifications_mail_unsent"),
        ]

    def __str__(self):
        return f"{self.type} of {self.cancellation_uuid}"
