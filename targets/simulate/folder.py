"""What a collector needs to dial the simulated targets: certificates, a password and an inventory."""

import json
import os
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from targets.certificates import Authority, Issued
from targets.gnmi.access import ServerTls, Users, hash_password
from targets.simulated.design import Node

USER: Final = "telemetry"
PROFILE: Final = "openconfig"


@dataclass(frozen=True, slots=True)
class Folder:
    """The files of one run."""

    path: Path
    authority: Authority
    users: Users

    @classmethod
    def make(cls, path: Path) -> "Folder":
        """Make a folder with a new authority and a new password; raises OSError."""
        path.mkdir(parents=True, exist_ok=True)
        now = datetime.fromtimestamp(time.time(), UTC)
        password = secrets.token_urlsafe(24)
        _write_secret(path / "password", password)
        users = Users({USER: hash_password(password)})
        return cls(path, Authority.create(path, now), users)

    @property
    def inventory(self) -> Path:
        """Return where the inventory is written."""
        return self.path / "inventory.yaml"

    @property
    def truth(self) -> Path:
        """Return where the ground truth is written."""
        return self.path / "truth.jsonl"

    def tls(self, name: str, address: str) -> ServerTls:
        """Issue the certificate of a device."""
        issued: Issued = self.authority.issue(name, [name, address], self.path / "certificates")
        return ServerTls(issued.certificate, issued.key)

    def write_inventory(self, fabric: str, targets: Iterable[tuple[Node, str, int]]) -> None:
        """Write the inventory: each device with its address and port."""
        password = self.path.resolve() / "password"
        lines = [
            "# written by fabricscope simulate",
            "defaults:",
            f"  profile: {PROFILE}",
            f"  fabric: {json.dumps(fabric)}",
            f"  tls: {{ca: {json.dumps(str(self.authority.certificate.resolve()))}}}",
            "  credentials:",
            f"    username: {USER}",
            f"    password: {json.dumps(f'file:{password}')}",
            "targets:",
        ]
        for node, address, port in targets:
            lines += [
                f"  {node.name}:",
                f"    address: {json.dumps(address)}",
                f"    port: {port}",
                f"    role: {node.role}",
            ]
        partial = self.inventory.with_suffix(".partial")
        partial.write_text("\n".join(lines) + "\n")
        partial.replace(self.inventory)


def _write_secret(path: Path, content: str) -> None:
    path.unlink(missing_ok=True)  # the mode below is that of a new file
    with open(path, "w", opener=lambda name, flags: os.open(name, flags | os.O_EXCL, 0o600)) as file:
        file.write(content + "\n")
