"""A window in which the controls of every theme are found."""

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

from tests.browser.looks import MADE_BY_SELECT2
from tests.browser.window import Window

PATIENCE = 20

# As wide as an icon, where there is no network to fetch a font from.
ICONS = """
addEventListener("DOMContentLoaded", () => {
    const style = document.createElement("style");
    style.textContent = "%s { display: inline-block; height: 1em; overflow: hidden; width: 1em; }";
    document.head.append(style);
});
"""

# In vain until the theme's scripts have run.
UNCOVER = """
const cover = document.elementFromPoint(innerWidth - 10, innerHeight / 2).closest("%s");
if (cover) cover.click();
return Boolean(cover);
"""


class ThemedWindow(Window):
    """A window that finds by what Django gives to forms, and clicks what people see."""

    def __init__(self, address, folder, theme):
        super().__init__(address, folder)
        self.covered_by = theme.covered_by
        if theme.icons:
            source = ICONS % f".{theme.icons}"
            self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": source})

    def open(self, path):
        super().open(path)
        self.uncover()

    def shoot(self, name):
        super().shoot(name)
        self.uncover()  # what opens where a window changes its size

    def prefer(self, colour):
        super().prefer(colour)
        if self.driver.current_url.startswith(self.address):
            self.run("localStorage.clear()")  # themes keep what was preferred before

    def uncover(self):
        if self.covered_by:
            self.wait(lambda _: not self.run(UNCOVER % self.covered_by))

    def log_in(self, username, password):
        self.open("/admin/")
        self.type("[name=username]", username)
        self.type("[name=password]", password)
        self.press("form [type=submit]")
        self.wait(lambda driver: not driver.find_elements(By.NAME, "password"))

    def wait(self, condition):
        # What is found may be of the page that is just being left.
        gone = [StaleElementReferenceException]
        return WebDriverWait(self.driver, PATIENCE, ignored_exceptions=gone).until(condition)

    def wait_for_text(self, text):
        self.wait(lambda driver: text in driver.find_element(By.TAG_NAME, "body").text)

    def all(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def press(self, css, text=""):
        """Click the first such element that is shown."""

        def pressed(_):
            for it in self.all(css):
                if it.is_displayed() and text in it.text:
                    self.click_on(it)
                    return True
            return False

        self.wait(pressed)

    def click_on(self, element):
        self.driver.execute_script(
            "arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element
        )
        element.click()

    def tick_first(self, count):
        """Tick the first items of the list; give their keys."""
        boxes = self.all("[name=_selected_action]")[:count]
        for box in boxes:
            self.click_on(box)
        return [box.get_attribute("value") for box in boxes]

    def choose(self, action):
        """Choose an action from the list, or from what a script has made of it."""
        listed = self.find("[name=action]")
        if listed in self.all(MADE_BY_SELECT2):
            option = f"option[value={action}_cancellation]"
            title = listed.find_element(By.CSS_SELECTOR, option).get_attribute("textContent")
            self.click_on(listed.find_element(By.XPATH, "following-sibling::*"))
            self.press(".select2-results__option", title.strip())
        else:
            Select(listed).select_by_value(f"{action}_cancellation")

    def take(self, action):
        self.choose(action)
        self.press("[name=index]")
        self.find("#cancellation-form")
