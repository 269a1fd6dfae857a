#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Opens the built documentation site in a browser: check_site.py BUILD [SCREENSHOTS].

Checks that the search finds a page, that the pictures load, that the copy button copies a command without its prompt,
and that no page is wider than a phone. With SCREENSHOTS it writes pictures of some pages into that folder, narrow and
wide, light and dark. Needs chromium, chromedriver and selenium.
"""

from __future__ import annotations

import argparse
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from selenium import webdriver
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 20
NARROW, WIDE = 400, 1400
PICTURED = ["index", "tutorial", "api", "command", "speed"]


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder without a line for each request."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Prints nothing."""


def serve(folder: Path) -> str:
    """Serve a folder on loopback until the process ends. Returns the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def browser(profile: Path) -> webdriver.Chrome:
    """Start Chromium without a screen, and without its own connections to the network."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for name in (
        "headless=new",
        "no-sandbox",
        "disable-gpu",
        "disable-quic",
        "no-first-run",
        "disable-background-networking",
        "disable-component-update",
        "disable-sync",
        f"user-data-dir={profile}",
    ):
        options.add_argument(f"--{name}")
    return webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))


def set_screen(driver: webdriver.Chrome, width: int, *, dark: bool) -> None:
    """Set the width of the page and the preferred colours of the user."""
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})


def pages(build: Path) -> Iterator[str]:
    """Yield the names of all pages."""
    return (path.name for path in sorted(build.glob("*.html")))


def check_search(driver: webdriver.Chrome, site: str) -> None:
    """The search for a word of one page finds that page."""
    driver.get(f"{site}/search.html?q=Get-NetNeighbor")
    links = WebDriverWait(driver, SECONDS).until(lambda d: d.find_elements(By.CSS_SELECTOR, "#search-results li a"))
    assert any("migration.html" in (link.get_attribute("href") or "") for link in links), "the search finds nothing"


def check_copy_button(driver: webdriver.Chrome, site: str) -> None:
    """The copy button copies a command without its prompt and its output."""
    driver.get(f"{site}/resolve.html")
    driver.execute_cdp_cmd("Browser.grantPermissions", {"origin": site, "permissions": ["clipboardReadWrite"]})
    button = WebDriverWait(driver, SECONDS).until(lambda d: d.find_element(By.CSS_SELECTOR, "button.copybtn"))
    block = driver.find_element(By.CSS_SELECTOR, "div.highlight")
    ActionChains(driver).move_to_element(block).move_to_element(button).click().perform()
    WebDriverWait(driver, SECONDS).until(lambda _: "success" in (button.get_attribute("class") or ""))
    copied = driver.execute_async_script("navigator.clipboard.readText().then(arguments[0])")
    assert copied == 'netio resolve 192.0.2.2 192.0.2.3 --timeout 1 -o plain; echo "status $?"', copied


def check_page(driver: webdriver.Chrome, site: str, name: str) -> None:
    """The pictures of a page load, and it fits the screen."""
    driver.get(f"{site}/{name}")
    broken = driver.execute_script(
        "return [...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src)"
    )
    assert not broken, f"{name}: pictures do not load: {broken}"
    width = driver.execute_script("return document.documentElement.scrollWidth")
    assert width <= NARROW, f"{name} is {width} pixels wide on a screen of {NARROW}"


def main() -> None:
    """Check the site, and draw it if a folder is given."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("build", type=Path)
    parser.add_argument("screenshots", type=Path, nargs="?")
    arguments = parser.parse_args()
    site = serve(arguments.build)
    driver = browser(arguments.build.parent / "chromium-profile")
    try:
        set_screen(driver, WIDE, dark=False)
        check_search(driver, site)
        check_copy_button(driver, site)
        set_screen(driver, NARROW, dark=False)
        names = list(pages(arguments.build))
        for name in names:
            check_page(driver, site, name)
        print(f"{len(names)} pages fit a screen of {NARROW} pixels; search, pictures and the copy button work")
        if arguments.screenshots:
            arguments.screenshots.mkdir(parents=True, exist_ok=True)
            for width, dark in ((NARROW, False), (NARROW, True), (WIDE, False), (WIDE, True)):
                set_screen(driver, width, dark=dark)
                for name in PICTURED:
                    driver.get(f"{site}/{name}.html")
                    colours = "dark" if dark else "light"
                    driver.save_screenshot(str(arguments.screenshots / f"{name}-{width}-{colours}.png"))
    finally:
        driver.quit()


if __name__ == "__main__":
    main()
