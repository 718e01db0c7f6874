"""An inventory as YAML text that reads back as what was given."""

from collections.abc import Mapping
from typing import Any, Final

import yaml

_DUMPER: Final = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_SHAREABLE: Final = ("profile", "fabric", "port")
"""What goes to the defaults where all targets agree."""

Content = Mapping[str, Any]  # Any: what YAML can carry


def inventory_text(targets: Mapping[str, Content], defaults: Content, comment: str) -> str:
    """Return the text of an inventory: same input, same text.

    Args:
        targets: What is said of each, by name.
        defaults: What is said of all.
        comment: One line in front.
    """
    shared = {
        key: next(iter(targets.values()))[key]
        for key in _SHAREABLE
        if targets
        and all(key in one for one in targets.values())
        and len({one[key] for one in targets.values()}) == 1
    }
    content = {
        "defaults": {**shared, **defaults},
        "targets": {
            name: {key: value for key, value in one.items() if key not in shared}
            for name, one in targets.items()
        },
    }
    if not content["defaults"]:
        del content["defaults"]
    dumped = yaml.dump(content, Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=110)
    return f"# {comment}\n{dumped}"
