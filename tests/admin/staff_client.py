"""A member of staff at the admin: what they open, select and confirm."""

from django.urls import reverse


class Desk:
    def __init__(self, client, site="admin", model="timp_orders_orderitem"):
        self.client = client
        self.site = site
        self.model = model

    def url(self, name, *args, model=None):
        return reverse(f"{self.site}:{model or self.model}_{name}", args=args)

    def list(self, model="timp_orders_orderitem", **query):
        return self.client.get(self.url("changelist", model=model), query)

    def listed(self, model="timp_orders_orderitem", **query):
        return list(self.list(model, **query).context["cl"].result_list)

    def announce(self, action, *items, across=False, **query):
        """Select items in the list and take an action: the confirmation page."""
        return self.client.post(
            self.url("changelist"),
            {
                "action": "cancel_items" if action == "cancel" else f"{action}_cancellation",
                "_selected_action": [item.pk for item in items],
                "select_across": "1" if across else "0",
                "index": "0",
            },
            query_params=query,
        )

    def decide(self, page, **data):
        """Press the button of the confirmation page; the list that follows."""
        data = {"selection": page.context["selection"], "note": "", "kept": kept(page), **data}
        return self.client.post(page.context["decide_url"], data, follow=True)

    def act(self, action, *items, across=False, query=None, **data):
        """Do both; the messages that follow."""
        return said(
            self.decide(self.announce(action, *items, across=across, **query or {}), **data)
        )


def kept(page):
    """What is ticked on a confirmation page as it comes."""
    changing = (group.items for group in page.context["groups"] if group.kind == "change")
    return [item.pk for items in changing for item in items] if page.context["has_ticks"] else []


def said(response):
    return [str(message) for message in response.context["messages"]]


def kinds(page):
    """What the confirmation page says: how many items of each kind."""
    return {group.kind: group.count for group in page.context["groups"]}


def actions(response):
    """The actions that a list offers."""
    form = response.context["action_form"]
    return [value for value, _ in form.fields["action"].choices if value] if form else []
