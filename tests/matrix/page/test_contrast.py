"""Text on its ground has the contrast of WCAG 2.2 AA in every scheme; computed from the style sheet."""

import re

import pytest

from matrix.reports.page.document import STYLE

AA = 4.5
"""Success criterion 1.4.3, for text of ordinary size."""
AA_PARTS = 3.0
"""Success criterion 1.4.11, for what is no text: the mark of the focus, edges that say something."""
PAIRS = [
    ("ink", "paper"),
    ("muted", "paper"),
    ("ink", "head"),
    ("muted", "head"),
    ("link", "paper"),
    ("paper", "ink"),
    *((f"{state}-ink", f"{state}-paper") for state in ("works", "fallback", "fails", "alarm", "none")),
    ("none-ink", "paper"),
    ("fails-ink", "paper"),
]
PARTS = [("focus", "paper"), ("focus", "fails-paper"), ("focus", "fallback-paper"), ("alarm-paper", "paper")]
PARTS += [("fallback-ink", "paper"), ("works-ink", "paper"), ("none-ink", "paper")]


def schemes() -> dict[str, dict[str, str]]:
    """The colours by name of each scheme; the printed page has those of light."""
    roots = re.findall(r":root \{(.*?)\}", STYLE, flags=re.DOTALL)
    colours = [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", root)) for root in roots]
    light, dark, printed = colours
    return {"light": light, "dark": light | dark, "printed": light | printed}


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_that_of_the_guidelines() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
    assert contrast("#777777", "#ffffff") < AA


@pytest.mark.parametrize("scheme", ["light", "dark", "printed"])
def test_text_can_be_read_on_its_ground(scheme: str) -> None:
    colours = schemes()[scheme]
    poor = {pair: contrast(*(colours[name] for name in pair)) for pair in PAIRS}
    assert {pair: ratio for pair, ratio in poor.items() if ratio < AA} == {}
    parts = {pair: contrast(*(colours[name] for name in pair)) for pair in PARTS}
    assert {pair: ratio for pair, ratio in parts.items() if ratio < AA_PARTS} == {}


def test_every_colour_of_the_style_sheet_has_a_name_and_is_of_a_scheme() -> None:
    rules = re.sub(r":root \{.*?\}", "", STYLE, flags=re.DOTALL)
    rules = re.sub(r"/\*.*?\*/", "", rules, flags=re.DOTALL)
    assert set(re.findall(r"(?<!\w)#[0-9a-f]{3,8}\b", rules)) <= {"#0006"}  # the shade behind a story
    named = set(re.findall(r"var\(--([\w-]+)\)", rules))
    lengths = {"first", "counts", "column", "columns", "row"}
    assert named - lengths <= schemes()["light"].keys()
