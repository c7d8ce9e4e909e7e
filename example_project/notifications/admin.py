from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import path, reverse

from notifications.models import OLD_SECRET_IS_VALID, Attempt, Endpoint, MailPreference, Message
from notifications.tasks import send_again
from timp_orders.admin.scope import ScopedAdmin, of_members


@admin.register(Endpoint)
class EndpointAdmin(ScopedAdmin):
    """The endpoints of the user's own organizations; secrets are shown once, as they are made."""

    list_display = ("url", "organization", "state", "created_at")
    list_select_related = ("organization",)
    list_filter = ("is_active",)
    search_fields = ("url",)
    raw_id_fields = ("organization",)
    readonly_fields = ("state", "created_at")
    side_fields = ("organization",)
    change_form_template = "admin/notifications/endpoint/change_form.html"

    def get_queryset(self, request):
        return of_members(request, super().get_queryset(request), "organization__members")

    def get_fields(self, request, obj=None):
        asked = ["organization", "url", "is_active"]
        return [*asked, "state", "created_at"] if obj else asked

    @admin.display
    def state(self, endpoint):
        if not endpoint.is_active:
            return f"Switched off. {endpoint.switched_off_because}"
        return f"Failed {endpoint.failures} times in a row." if endpoint.failures else "In order."

    def save_model(self, request, endpoint, form, change):
        if "is_active" in form.changed_data:
            endpoint.switched_off_because, endpoint.failures, endpoint.paused_until = "", 0, None
        super().save_model(request, endpoint, form, change)

    def get_urls(self):
        rotate = self.admin_site.admin_view(self.rotate_view)
        name = "notifications_endpoint_rotate"
        return [path("<path:object_id>/rotate/", rotate, name=name), *super().get_urls()]

    def response_add(self, request, obj, post_url_continue=None):
        return self._secret_page(request, obj, "Here is its secret")

    def rotate_view(self, request, object_id):
        endpoint = self.get_object(request, object_id)  # 404 for those of others
        if not self.has_change_permission(request, endpoint):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        endpoint.rotate_secret()
        self.log_change(request, endpoint, "Rotated the secret.")
        return self._secret_page(request, endpoint, "Here is its new secret")

    def _secret_page(self, request, endpoint, title):
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "endpoint": endpoint,
            "hours": round(OLD_SECRET_IS_VALID.total_seconds() / 3600),
            "list_url": reverse(f"{self.admin_site.name}:notifications_endpoint_changelist"),
        }
        return TemplateResponse(request, "admin/notifications/endpoint/secret.html", context)


class AttemptInline(admin.TabularInline):
    model = Attempt
    fields = readonly_fields = ("at", "status", "error", "milliseconds")
    verbose_name_plural = "Attempts"
    can_delete = False
    extra = 0

    def has_add_permission(self, request, obj):
        return False

    def has_view_permission(self, request, obj=None):
        return True  # of a message that the user may see


@admin.register(Message)
class MessageAdmin(ScopedAdmin):
    """The delivery log: read only, but for sending again."""

    list_display = ("webhook_id", "type", "endpoint", "state", "attempts", "created_at")
    list_select_related = ("endpoint",)
    list_filter = ("state",)
    search_fields = ("endpoint__url",)
    search_help_text = "Search by UUID or URL."
    uuid_paths = ("uuid",)
    date_hierarchy = "created_at"
    inlines = [AttemptInline]
    actions = ["send_again"]

    def get_queryset(self, request):
        members = "endpoint__organization__members"
        return of_members(request, super().get_queryset(request), members)

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def has_send_permission(self, request):
        return request.user.has_perm("notifications.change_endpoint")

    @admin.action(description="Send again", permissions=["send"])
    def send_again(self, request, queryset):
        chosen = list(queryset)
        send_again(chosen)
        self.message_user(request, f"{len(chosen)} are sent again.", messages.SUCCESS)


@admin.register(MailPreference)
class MailPreferenceAdmin(ScopedAdmin):
    """How often the members of the user's own organizations are written to."""

    list_display = ("organization", "frequency")
    list_select_related = ("organization",)
    raw_id_fields = ("organization",)
    side_fields = ("organization",)

    def get_queryset(self, request):
        return of_members(request, super().get_queryset(request), "organization__members")
