"""The way of a member of staff through the app's pages, whatever the theme."""

from tests.browser.looks import out_of_reach, unreadable

ITEMS = "/admin/timp_orders/orderitem/"
CANCELLATIONS = "/admin/timp_orders/cancellation/"
AWAITING = f"{ITEMS}?awaiting=yes"
WIDTHS = (1280, 390)
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
            for colour in ("light", "dark") if self.theme.dark else ("light",):
                self.window.resize(width)
                self.paint(colour)
                for name, heading, opens in self.pages():
                    opens()
                    self.see(f"{name}-{width}-{colour}", heading)

    def paint(self, colour):
        if self.theme.dark != "preference":
            if self.theme.dark:
                key, *values = self.theme.dark
                value = values[colour == "dark"]
                self.window.run(f"localStorage.setItem({key!r}, {value!r})")
            return
        self.window.prefer(colour)

    def pages(self):
        """Name pages, with what their headings say and how they are reached."""
        window = self.window
        yield "list", "", lambda: window.open(AWAITING)
        yield "confirmation", "Confirm cancellation", self.select_three
        (pk, *_) = self.selected
        yield "form-error", "Reject cancellation", lambda: self.reject_without_reason(pk)
        yield "item", "", lambda: window.open(f"{ITEMS}{pk}/change/")
        yield "cancellations", "", lambda: window.open(CANCELLATIONS)
        yield "overview", "Overview", lambda: window.open(f"{CANCELLATIONS}overview/")

    def select_three(self):
        self.window.open(AWAITING)
        self.selected = self.window.tick_first(3)
        self.window.take("confirm")

    def reject_without_reason(self, pk):
        self.window.open(f"{ITEMS}{pk}/cancellation/reject/")
        self.window.press(SUBMIT)
        self.window.wait_for_text("A reason or a note is needed.")

    def see(self, name, heading):
        self.window.wait(lambda _: self.window.run(IS_STILL))
        self.window.shoot(f"{self.theme.name}-{name}")
        problems = [*out_of_reach(self.window, heading), *unreadable(self.window)]
        self.problems += [f"{name}: {problem}" for problem in problems]

    def decide(self):
        """Untick one item and confirm the others, see the trail, and reject the unticked one."""
        window = self.window
        window.resize(1280)
        self.paint("light")
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
        window.press(".cancellation-reject")
        window.wait_for_text("Reject cancellation")
        window.type("#id_note", "Already packed.")
        window.press(SUBMIT)
        window.wait_for_text("1 cancellation was rejected.")

    def button(self):
        return self.window.find(SUBMIT).get_attribute("value")

    def search(self):
        """Choose a supplier from the filter that is searched."""
        window = self.window
        window.open(AWAITING)
        window.press(".cancellation-search .select2-selection")
        window.type(".select2-search__field", "Harbor")
        window.press(".select2-results__option", "Harbor Home Goods")
        window.press(".cancellation-search [type=submit]")
        window.wait(lambda driver: "supplier__id__exact=" in driver.current_url)
        window.shoot(f"{self.theme.name}-searched")


def labelled(count):
    """Return what the button says of so many cancellations."""
    return f"Confirm {count} cancellation{'' if count == 1 else 's'}"
