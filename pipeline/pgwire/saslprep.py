"""One form for passwords that look alike (RFC 4013)."""

import stringprep
import unicodedata
from typing import Final

_FORBIDDEN: Final = (
    stringprep.in_table_a1,
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


def saslprep(password: str) -> str:
    """Return the password as SASLprep has it; one that it forbids stays as it is, as in PostgreSQL."""
    mapped = "".join(
        " " if stringprep.in_table_c12(letter) else letter
        for letter in password
        if not stringprep.in_table_b1(letter)
    )
    prepared = unicodedata.normalize("NFKC", mapped)
    return password if not prepared or _forbidden(prepared) else prepared


def _forbidden(text: str) -> bool:
    if any(table(letter) for letter in text for table in _FORBIDDEN):
        return True
    right_to_left = [stringprep.in_table_d1(letter) for letter in text]
    ends_are = right_to_left[0] and right_to_left[-1]
    return any(right_to_left) and (not ends_are or any(map(stringprep.in_table_d2, text)))
