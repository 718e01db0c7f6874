"""What a spine does to the EVPN routes that it passes on: nothing, unless somebody got its policy wrong.

Each of these is a pitfall of designs whose spines are in another AS than the leaves, or of an upgrade.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from targets.openconfig.communities import Community
from targets.simulated.announcements import VXLAN_ENCAPSULATION, Route

Stripped = Literal["nothing", "encapsulation", "all"]


@dataclass(slots=True)
class Policy:
    """How a spine changes routes on their way to leaves."""

    next_hop: str = ""
    """It makes itself the next hop."""
    stripped: Stripped = "nothing"
    """Extended communities that it takes away."""
    silent: bool = False
    """It passes on nothing, though session and address family are up."""
    _changed: dict[Route, Route] = field(default_factory=dict)

    def change(self, routes: Mapping[str, Route | None]) -> Mapping[str, Route | None]:
        """Return announcements as the spine passes them on."""
        if self.silent:
            return dict.fromkeys(routes)
        if not self.next_hop and self.stripped == "nothing":
            return routes
        return {entry: None if route is None else self._of(route) for entry, route in routes.items()}

    def reset(self) -> None:
        """Forget how routes were changed: the policy is another."""
        self._changed.clear()

    def _of(self, route: Route) -> Route:
        """Return one route as it is passed on: the same object each time."""
        if route not in self._changed:
            self._changed[route] = replace(
                route,
                communities=self._kept(route.communities),
                next_hop=self.next_hop or route.next_hop,
                _spelled=None,
            )
        return self._changed[route]

    def _kept(self, communities: tuple[Community, ...]) -> tuple[Community, ...]:
        if self.stripped == "all":
            return ()
        if self.stripped == "encapsulation":
            return tuple(it for it in communities if it != VXLAN_ENCAPSULATION)
        return communities
