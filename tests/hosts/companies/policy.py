from timp_orders.policy import Policy


class CompanyPolicy(Policy):
    """A user stands on the side of every company that employs them."""

    def on_side(self, queryset, user, side):
        company = "product__seller" if side == "supplier" else "purchase__buyer"
        return queryset.filter(**{f"{company}__employees__user": user})
