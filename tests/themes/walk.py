"""The way of a member of staff through the app's pages, whatever the theme."""

from tests.browser.looks import CONTROLS, out_of_reach, unreadable

ITEMS = "/admin/timp_orders/orderitem/"
CANCELLATIONS = "/admin/timp_orders/cancellation/"
AWAITING = f"{ITEMS}?awaiting=yes"
WIDTHS = (1280, 390)
FILTERS = tuple(css for css in CONTROLS if css.startswith(".cancellation-search"))
IS_STILL = "return document.getAnimations().every(it => it.playState !== 'running')"
SUBMIT = "#cancellation-form [type=submit]"


class Walk:
    """
    :param window: one that is logged in.
    :ivar problems: what was found, and where.
    """

    def __init__(self, window, theme):
        self.window = window
        self.theme = theme
        self.problems = []

    def look(self):
        """Look at every page, in each width and colour."""
        for width in WIDTHS:
            for colour in ("light", "dark") if self.theme.is_dark_too else ("light",):
                self.window.resize(width)
                self.window.prefer(colour)
                for name, heading, opens in self.pages():
                    opens()
                    self.see(f"{name}-{width}-{colour}", heading, self.controls())

    def controls(self):
        """Leave out the filters where they are behind a button; search() looks at them."""
        return tuple(it for it in CONTROLS if not (self.theme.filters and it in FILTERS))

    def pages(self):
        """Name pages, with what their headings say and how they are reached."""
        window = self.window
        yield "list", "", lambda: self.list(AWAITING)
        yield "confirmation", "Confirm cancellation", self.select_three
        (pk, *_) = self.selected
        yield "form-error", "Reject cancellation", lambda: self.reject_without_reason(pk)
        yield "item", "", lambda: self.page(f"{ITEMS}{pk}/change/")
        yield "cancellations", "", lambda: self.list(CANCELLATIONS)
        yield "overview", "Overview", lambda: window.open(f"{CANCELLATIONS}overview/")

    def list(self, path):
        """Open a list, where some themes show actions only once a row is ticked."""
        self.window.open(path)
        self.window.tick_first(1)
        self.window.choose("confirm")
        self.open_buttons()

    def page(self, path):
        self.window.open(path)
        self.open_buttons()

    def open_buttons(self):
        """Open what holds the page's buttons in narrow windows, if the theme has such a thing."""
        for menu in self.window.all(self.theme.buttons) if self.theme.buttons else ():
            if menu.is_displayed():
                self.window.click_on(menu)

    def select_three(self):
        self.window.open(AWAITING)
        self.selected = self.window.tick_first(3)
        self.window.take("confirm")

    def reject_without_reason(self, pk):
        self.window.open(f"{ITEMS}{pk}/cancellation/reject/")
        self.window.press(SUBMIT)
        self.window.wait_for_text("A reason or a note is needed.")

    def see(self, name, heading, controls=CONTROLS):
        self.window.wait(lambda _: self.window.run(IS_STILL))
        self.window.shoot(f"{self.theme.name}-{name}")
        found = out_of_reach(
            self.window, heading, controls=controls, narrowest=self.theme.narrowest
        )
        problems = [*found, *unreadable(self.window)]
        self.problems += [f"{name}: {problem}" for problem in problems]

    def decide(self):
        """Untick one item and confirm the others, see the trail, and reject the unticked one."""
        window = self.window
        window.resize(1280)
        window.prefer("light")
        self.select_three()
        boxes = window.all("[name=kept]")
        assert self.button() == labelled(len(boxes)), self.button()
        window.click_on(boxes[-1])
        assert self.button() == labelled(len(boxes) - 1), self.button()
        confirmed, rejected = (boxes[at].get_attribute("value") for at in (0, -1))
        window.type("#id_note", "Agreed by phone.")
        window.press(SUBMIT)
        window.wait_for_text("confirmed.")
        window.shoot(f"{self.theme.name}-messages")
        window.open(f"{ITEMS}{confirmed}/change/")
        assert "Agreed by phone." in window.read("#cancellation-trail")
        window.open(f"{ITEMS}{rejected}/change/")
        window.press("a[href*='/cancellation/reject/']")
        window.wait_for_text("Reject cancellation")
        window.type("#id_note", "Already packed.")
        window.press(SUBMIT)
        window.wait_for_text("1 cancellation was rejected.")

    def button(self):
        return self.window.find(SUBMIT).get_attribute("value")

    def search(self):
        """Search for a supplier in the filters."""
        window = self.window
        window.prefer("light")
        for width in WIDTHS:
            window.resize(width)
            window.open(AWAITING)
            if self.theme.filters:
                window.press(self.theme.filters)
            self.see(f"filters-{width}", "", FILTERS)
            window.type(".cancellation-search [type=search]", "Harbor")
            window.press(".cancellation-search [type=submit]")
            window.wait(lambda driver: "search_supplier=Harbor" in driver.current_url)
            assert "awaiting=yes" in window.driver.current_url, window.driver.current_url
            names = {"Harbor Home Goods"}
            window.wait(lambda _, names=names: set(window.texts(".field-supplier_name")) == names)
            window.shoot(f"{self.theme.name}-searched-{width}")


def labelled(count):
    """Return what the button says of so many cancellations."""
    return f"Confirm {count} cancellation{'' if count == 1 else 's'}"
