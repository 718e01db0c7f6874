"""All guides, from the modules of this package."""

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Final

from pipeline import guides
from pipeline.guides import Guide

_OTHERS: Final = frozenset({"registry"})
GUIDES: Final[Mapping[str, Guide]] = {
    rule: guide
    for module in sorted(found.name for found in pkgutil.iter_modules(guides.__path__))
    if module not in _OTHERS
    for rule, guide in importlib.import_module(f"{guides.__name__}.{module}").GUIDES.items()
}
"""By rule id."""
