"""Devices from NetBox: the JSON of ``/api/dcim/devices/?limit=0``, of NetBox 3.x and 4.x.

As netbox-community/netbox says in its device serializer and issues: the role is ``device_role`` up to 3.5,
both in 3.6 and 3.7 (#6391), and ``role`` alone from 4.0 on (#15292); ``primary_ip`` is the one of
``primary_ip4`` and ``primary_ip6`` that NetBox prefers; addresses have a prefix length; ``platform``,
``rack`` and the addresses may be null.
"""

import json
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final

from collectors.errors import InputError
from collectors.inventory_import.devices import Device
from collectors.inventory_yaml.values import shown

PORT_FIELD: Final = "gnmi_port"
"""A custom field of this name gives the port, where it is filled."""
TAGS_LABEL: Final = "tags"
"""Label with the slugs of a device's tags, sorted, with commas."""
ACTIVE: Final = "active"

Json = dict[str, Any]  # Any: foreign JSON, each part looked at before it is used


def read_netbox(text: str, file: str) -> list[Json]:
    """Return the devices in an answer of the REST API, or in a plain list of them; raises InputError."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{file}:{error.lineno}: this is no JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, thousands of levels
        raise InputError(f"{file}: this is no answer of NetBox: {error}") from error
    if isinstance(document, dict) and "results" in document:
        if document.get("next"):
            raise InputError(
                f"{file}: is one page of {document.get('count', 'several')} devices: fetch all with limit=0"
            )
        document = document["results"]
    if not isinstance(document, list) or not all(isinstance(one, dict) for one in document):
        raise InputError(f"{file}: is no list of devices: fetch /api/dcim/devices/?limit=0 as JSON")
    return document


def active(devices: Iterable[Json]) -> tuple[list[Json], dict[str, int]]:
    """Return the devices in service, and of the others how many there are in each status."""
    chosen, others = [], dict[str, int]()
    for device in devices:
        status = _slug(device.get("status")) or ACTIVE
        if status == ACTIVE:
            chosen.append(device)
        else:
            others[status] = others.get(status, 0) + 1
    return chosen, others


def devices_of(devices: Iterable[Json], custom_fields: Collection[str]) -> Iterator[Device]:
    """Yield each device; the custom fields named become labels where they are filled."""
    for device in devices:
        name = device.get("name") if isinstance(device.get("name"), str) else None
        fields = device.get("custom_fields")
        fields = fields if isinstance(fields, dict) else {}
        labels = {key: text for key in custom_fields if (text := _text(fields.get(key))) is not None}
        tags = [slug for tag in _list(device.get("tags")) if (slug := _slug(tag)) is not None]
        if tags:
            labels[TAGS_LABEL] = ",".join(sorted(tags))
        yield Device(
            where=f"device {shown(name)}" if name else f"device without a name (id {device.get('id')})",
            name=name or None,
            address=_address(device),
            port=_text(fields.get(PORT_FIELD)),
            platform=_slug(device.get("platform")),
            role=_slug(device.get("role")) or _slug(device.get("device_role")),
            site=_slug(device.get("site")),
            rack=_text(device.get("rack")),
            labels=labels,
        )


def _address(device: Json) -> str | None:
    for key in ("primary_ip", "primary_ip4", "primary_ip6"):
        ip = device.get(key)
        text = ip.get("address") if isinstance(ip, dict) else ip
        if isinstance(text, str) and text:
            return text.partition("/")[0]
    return None


def _slug(value: object) -> str | None:
    """Return the slug of an object, the value of a choice, or a text."""
    if isinstance(value, dict):
        value = value.get("slug") or value.get("value")
    return value if isinstance(value, str) and value else None


def _text(value: object) -> str | None:
    """Return a custom field's or nested object's value for people; None for an empty one."""
    if isinstance(value, dict):
        return _text(
            next((value[key] for key in ("label", "name", "display", "value") if key in value), None)
        )
    if isinstance(value, list):
        return ",".join(text for one in value if (text := _text(one)) is not None) or None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) and value != "" else None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
