"""What a person sees of a page's grid, read off the elements that are there."""

from urllib.parse import parse_qs, urlparse

from playwright.sync_api import Locator, Page


def rows(page: Page) -> list[str]:
    """The clients of the rows shown, group by group."""
    return page.locator(".row .client").all_inner_texts()


def columns(page: Page) -> list[str]:
    """Level and toggles above each column."""
    levels = page.locator(".level-line .level").all_inner_texts()
    toggles = page.locator(".toggles-line .toggles").all_inner_texts() or [""] * len(levels)
    return [f"{level} {toggle}".strip() for level, toggle in zip(levels, toggles, strict=True)]


def said(page: Page) -> str:
    """The line that says how much is shown."""
    return page.locator("#said").inner_text()


def cell(page: Page, server: str, client: str, scenario: str = "connect") -> Locator:
    """A cell by its id."""
    return page.locator(f'[role=gridcell][title^="{server}/{client}/{scenario};"]')


def story(page: Page) -> Locator:
    """The story that is open."""
    return page.locator("dialog[open]")


def address(page: Page) -> dict[str, str]:
    """What the address keeps."""
    return {name: values[0] for name, values in parse_qs(urlparse(page.url).fragment).items()}
