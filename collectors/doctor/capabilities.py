"""Capabilities: whether a target lets us in, and whether it offers what its profile needs."""

from typing import Final

import grpc

from collectors.doctor.findings import Finding, Place
from collectors.gnmi_client import GnmiClient, RpcError
from collectors.inventory import Target
from collectors.profiles import Profile
from collectors.subscriptions import Capabilities

CHECK = "capabilities"
_LOGIN: Final = (
    "correct the credentials, here or on the device; without credentials in the inventory, give it some"
)
_REMEDIES: Final = {
    grpc.StatusCode.UNAUTHENTICATED: _LOGIN,
    grpc.StatusCode.PERMISSION_DENIED: "let this user use gNMI on the device",
    grpc.StatusCode.UNAVAILABLE: (
        "see the findings on tls, if there are any; the device may want a client certificate,"
        " or speak no gRPC at this port"
    ),
    grpc.StatusCode.DEADLINE_EXCEEDED: "is the device overloaded, or hangs its gNMI server?",
}


async def ask(client: GnmiClient, target: Target, profile: Profile) -> tuple[Finding, Capabilities | None]:
    """Return what the target says it can do, and what to think of that; an error leaves no capabilities."""
    place = Place(target.name, CHECK)
    try:
        found = await client.capabilities()
    except RpcError as error:
        return place.error(
            f"no answer to Capabilities: {error}", _REMEDIES.get(error.code, "see the device's log")
        ), None
    if found is None:
        return place.ok("Capabilities is not implemented there: encodings are found by trying"), None
    return _judged(place, found, profile), found


def _judged(place: Place, found: Capabilities, profile: Profile) -> Finding:
    says = f"gNMI {found.version or 'of unknown version'}, {len(found.models)} models"
    usable = [encoding for encoding in profile.encodings if encoding in found.encodings]
    if not usable:
        return place.error(
            f"{says}, and none of the encodings {', '.join(profile.encodings)}"
            f" (but {', '.join(sorted(found.encodings)) or 'none at all'})",
            f"choose another profile: {profile.name} can't read what this device sends",
        )
    of_profile = [model for model in found.models if model.startswith(profile.module_prefix)]
    if found.models and not of_profile:
        return place.warning(
            f"{says}, none of which begins with {profile.module_prefix}",
            f"choose another profile, or enable the models of {profile.name} on the device",
        )
    return place.ok(f"{says}, {len(of_profile)} of them {profile.module_prefix}, {usable[0]}")
