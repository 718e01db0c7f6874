"""What devices and people said, made safe for where it goes: terminals, spreadsheets, Markdown.

HTML and SVG are no matter of this module: templates escape there whatever is put into them. Pure.
"""

import re
from typing import Final

_FORMULA: Final = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What spreadsheets take for the beginning of a formula; some take the wide forms as well."""
_MARKDOWN: Final = re.compile(
    r"[\\`*_{}\[\]()<>#!|~&$@^]"  # mean something anywhere; braces to generators of sites
    r"|^[-+=]|(?:(?<=^\d)|(?<=^\d\d)|(?<=^\d\d\d))[.)](?=\s|$)"  # lists and headings begin with them
    r"|:(?=//)|(?<=www)\.",  # some dialects make links of bare addresses
    re.IGNORECASE,
)


def clean(value: object) -> str:
    """Return text from outside without what a terminal would obey, in one line.

    Control characters, ANSI's escape among them, and those that turn the direction of writing become
    U+FFFD; lines and tabs become spaces.
    """
    text = " ".join(str(value).split())
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def cell(value: object) -> str:
    """Return clean text for a cell of CSV: what a spreadsheet would compute begins with an apostrophe."""
    text = clean(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def markdown(value: object) -> str:
    """Return clean text that Markdown shows as it is: no link, no HTML, no end of a table's cell."""
    return _MARKDOWN.sub(lambda found: f"\\{found[0]}", clean(value))
