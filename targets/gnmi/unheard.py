"""Branches of which nothing is known yet: who asks for one hears no sync before something is.

A dump of what nobody has looked at would say that there is nothing there, and a client that remembers more
would forget it.
"""

import asyncio
from collections.abc import Iterable

from targets.gnmi import paths
from targets.gnmi.views import View


class Unheard:
    """Patterns of branches, until each is heard of."""

    def __init__(self, branches: Iterable[str] = ()) -> None:
        self._branches = {text: paths.pattern(paths.elements(text)) for text in branches}
        self._news = asyncio.Event()

    def hear(self, branches: Iterable[str]) -> None:
        """Take note that the state of these branches is known from now on."""
        for text in branches:
            self._branches.pop(text, None)
        self._news.set()

    def of(self, view: View) -> str | None:
        """Return a branch that a view asks for and of which nothing is known; None: all is."""
        for text, branch in self._branches.items():
            if any(paths.overlap(asked, branch) for asked in view.patterns):
                return text
        return None

    async def wait(self, view: View) -> None:
        """Wait until all that a view asks for is known."""
        while self.of(view) is not None:
            self._news.clear()
            await self._news.wait()
