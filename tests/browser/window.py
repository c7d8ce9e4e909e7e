"""A window of headless Chromium, as a member of staff uses it."""

import shutil

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait
from selenium_axe_python import Axe

HEIGHT = 900


class Window:
    """
    :param address: of the server.
    :param folder: where screenshots are saved.
    """

    def __init__(self, address, folder):
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for argument in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "hide-scrollbars"):
            options.add_argument(f"--{argument}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options, Service(shutil.which("chromedriver")))
        self.address = address
        self.folder = folder
        self.resize(1280)

    def close(self):
        self.driver.quit()

    def resize(self, width, height=HEIGHT):
        self.width = width
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def prefer(self, theme):
        """Say which theme the operating system prefers: the admin follows it."""
        features = [{"name": "prefers-color-scheme", "value": theme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def shoot(self, name):
        """Save a screenshot of the whole page, if it is not too long."""
        width = self.width
        height = self.run("return document.documentElement.scrollHeight")
        self.resize(width, min(max(height, HEIGHT), 2400))
        self.driver.save_screenshot(str(self.folder / f"{name}.png"))
        self.resize(width)

    def run(self, script):
        return self.driver.execute_script(script)

    def open(self, path):
        self.driver.get(self.address + path)

    def log_in(self, username, password):
        self.open("/admin/")
        self.type("#id_username", username)
        self.type("#id_password", password)
        self.click("[type=submit]")
        self.find("#user-tools")  # what is opened too early would break it off

    def wait(self, condition):
        """Return what a function returns, as soon as that is something."""
        return WebDriverWait(self.driver, 20).until(lambda driver: condition())

    def find(self, css):
        """Find the first such element, as soon as it is there."""
        return self.wait(lambda: self.driver.find_element(By.CSS_SELECTOR, css))

    def texts(self, css):
        return [element.text for element in self.driver.find_elements(By.CSS_SELECTOR, css)]

    def read(self, css="#content"):
        return self.find(css).text

    def click(self, css):
        self.find(css).click()

    def follow(self, text):
        self.wait(lambda: self.driver.find_element(By.PARTIAL_LINK_TEXT, text)).click()

    def type(self, css, text):
        self.find(css).send_keys(text)

    def tick(self, *items):
        for item in items:
            self.click(f'[name=_selected_action][value="{item.pk}"]')

    def take(self, action):
        """Take an action on what is ticked; the confirmation page follows."""
        Select(self.find("[name=action]")).select_by_value(f"{action}_cancellation")
        self.click(".actions button[name=index]")
        self.find("body.cancellation-action")

    def confirm(self, note=""):
        """Press the button of the confirmation page; the messages that follow."""
        if note:
            self.type("#id_note", note)
        self.click("#cancellation-form [type=submit]")
        self.find(".messagelist")
        return self.texts(".messagelist li")

    def overflow(self):
        """How many pixels the page is wider than the window."""
        return self.run("return document.documentElement.scrollWidth") - self.width

    def background(self):
        return self.run("return getComputedStyle(document.body).backgroundColor")

    def findings(self):
        """What axe finds: the elements, by the name of the rule."""
        self.run("document.getAnimations().forEach(it => it.finish())")  # between two themes
        axe = Axe(self.driver)
        axe.inject()
        # What style sheets import is not read: axe looks for it beside the page.
        violations = axe.run(options="{preload: false}")["violations"]
        return {found["id"]: [node["target"][0] for node in found["nodes"]] for found in violations}

    def errors(self):
        """What the console says of scripts and files that failed."""
        entries = self.driver.get_log("browser")
        return [
            entry["message"]
            for entry in entries
            if entry["level"] == "SEVERE" and "favicon" not in entry["message"]
        ]
