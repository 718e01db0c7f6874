"""A fabric of FRRouting daemons in network namespaces: two spines, three leaves, EBGP throughout.

VNI 1010 has an anycast gateway, VNI 1020 has none. Leaves l1 and l2 share an Ethernet segment if asked to.
Hosts are frames: gratuitous ARPs sent into the ports of the leaves from a namespace of their own.
"""

import contextlib
import ipaddress
import os
import shutil
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
import pytest

from tests.lab.namespaces import Namespaces, running, runs

SPINES: Final = ("s1", "s2")
LEAVES: Final = ("l1", "l2", "l3")
NODES: Final = (*SPINES, *LEAVES)
VNIS: Final = (1010, 1020)
LOOPBACKS: Final = {
    "s1": "10.255.0.1",
    "s2": "10.255.0.2",
    "l1": "10.255.1.1",
    "l2": "10.255.1.2",
    "l3": "10.255.1.3",
}
"""Of leaves the addresses of their VTEPs too."""
SEGMENT: Final = "03:44:38:39:ff:ff:01:00:00:01"
SEGMENT_LEAVES: Final = ("l1", "l2")
SEGMENT_PORT: Final = "bond1"

_DAEMONS: Final = Path("/usr/lib/frr")
_AS: Final = {"s1": 65100, "s2": 65100, "l1": 65001, "l2": 65002, "l3": 65003}
_HOSTS: Final = "h"
_CONVERGENCE_S: Final = 60.0
_END_S: Final = 10.0


class MissingLabError(RuntimeError):
    """The machine can't run the lab; the message says what is missing."""


@dataclass(frozen=True)
class Host:
    """A host: nothing but its addresses."""

    vni: int
    mac: str
    ip: str

    def arp(self) -> bytes:
        """Return its gratuitous ARP request."""
        mac, ip = bytes.fromhex(self.mac.replace(":", "")), ipaddress.IPv4Address(self.ip).packed
        header = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1)
        return b"\xff" * 6 + mac + b"\x08\x06" + header + mac + ip + bytes(6) + ip


def host(vni: int, number: int) -> Host:
    """Return a host of a VNI."""
    return Host(vni, f"02:aa:00:00:{vni % 100:02d}:{number:02x}", f"192.168.{vni % 100}.{number}")


class Lab:
    """The running fabric, and what can be done to it."""

    def __init__(self, namespaces: Namespaces, *, segment: bool) -> None:
        self.namespaces = namespaces
        self.segment = segment
        self._ports: dict[tuple[str, str], socket.socket] = {}

    def start(self) -> None:
        """Build the fabric and wait until it has converged."""
        self._start_nodes()
        for node in NODES:
            self._start_daemon(node, "zebra", _zebra_conf(node, segment=self.segment))
        for node in NODES:
            # bgpd asks zebra for its interfaces once it is there
            self.wait(lambda node=node: self._answers(node, "zebra"), f"zebra of {node}")  # type: ignore[misc]  # bound now
        if self.segment:
            # A segment's port is any interface that is configured before it is there.
            for leaf in SEGMENT_LEAVES:
                self._port(leaf, SEGMENT_PORT, 1010)
        for node in NODES:
            self._start_daemon(node, "bgpd", _bgpd_conf(node))
        self.wait(self.converged, "the fabric")

    def stop(self) -> None:
        """Close what the lab holds open; the namespaces end with their context."""
        for port in self._ports.values():
            port.close()

    # -- what can be done

    def speak(self, one: Host, leaf: str, *, port: str | None = None) -> None:
        """Let a host be heard at a leaf: it appears, moves, or stays."""
        self._ports[leaf, port or _host_port(one.vni)].send(one.arp())

    def link(self, node: str, interface: str, state: str) -> None:
        """Set a link ``up`` or ``down``."""
        self.namespaces.ip(node, f"link set {interface} {state}")

    def stop_bgpd(self, node: str) -> None:
        """End bgpd as its init script would; returns when it is gone."""
        pid = self.pid(node, "bgpd")
        os.kill(pid, signal.SIGTERM)
        self.wait(lambda: not runs(pid), f"the end of bgpd of {node}", _END_S)

    def start_bgpd(self, node: str) -> None:
        """Start bgpd again, with the configuration it had."""
        self._start_daemon(node, "bgpd", None)

    def hang_bgpd(self, node: str) -> None:
        """Stop bgpd where it stands: it holds its sessions and answers nobody."""
        os.kill(self.pid(node, "bgpd"), signal.SIGSTOP)

    def resume_bgpd(self, node: str) -> None:
        """Let a bgpd that hangs go on."""
        os.kill(self.pid(node, "bgpd"), signal.SIGCONT)

    # -- what can be seen

    def pid(self, node: str, daemon: str) -> int:
        """Return the process id of a daemon."""
        return int((self.namespaces.folder(node) / f"{daemon}.pid").read_text())

    def show(self, node: str, command: str) -> Any:
        """Return what a daemon answers to ``show ... json``; None: nothing of sense."""
        process = subprocess.run(
            ["vtysh", "-N", self.namespaces.name(node), "-c", f"show {command} json"],
            check=False,
            capture_output=True,
            timeout=30,
        )
        try:
            return orjson.loads(process.stdout)
        except orjson.JSONDecodeError:
            return None

    def where(self, leaf: str, one: Host) -> str | None:
        """Return where a leaf takes a host to be: ``local``, an ESI or a VTEP; None: it knows none."""
        tables = self.show(leaf, "evpn mac vni all detail") or {}
        entry: dict[str, str] = tables.get(str(one.vni), {}).get("macs", {}).get(one.mac, {})
        return "local" if entry.get("type") == "local" else entry.get("esi") or entry.get("remoteVtep")

    def log(self, node: str) -> str:
        """Return what the daemons of a node logged."""
        path = self.namespaces.folder(node) / "frr.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def converged(self) -> bool:
        """Tell whether all sessions are up and every leaf knows every other one's VNIs."""
        return all(self._has_all_sessions(node) for node in NODES) and all(
            self._has_all_vteps(leaf) for leaf in LEAVES
        )

    def wait(self, condition: Callable[[], object], what: str, limit_s: float = _CONVERGENCE_S) -> None:
        """Wait until a condition holds; raises TimeoutError with what was waited for."""
        deadline = time.monotonic() + limit_s
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what}: not within {limit_s:.0f} s")
            time.sleep(0.1)

    # -- how it is made

    def _start_nodes(self) -> None:
        for node in (*NODES, _HOSTS):
            self.namespaces.add(node)
            # or else each veth says something of its own, and its MAC is learned
            self._set(node, "ipv6/conf/default/disable_ipv6", "1")
        for node in NODES:
            self.namespaces.ip(node, f"addr add {LOOPBACKS[node]}/32 dev lo")
            self._set(node, "ipv4/ip_forward", "1")
        for number, spine in enumerate(SPINES, 1):
            for leaf_number, leaf in enumerate(LEAVES, 1):
                self._link(spine, number, leaf, leaf_number)
        for leaf in LEAVES:
            self._bridges(leaf)

    def _set(self, node: str, name: str, value: str) -> None:
        self.namespaces.inside(node, lambda: Path("/proc/sys/net", name).write_text(value))

    def _link(self, spine: str, number: int, leaf: str, leaf_number: int) -> None:
        down, up = f"swp{leaf_number}", f"up{number}"
        there = f"netns {self.namespaces.name(leaf)}"
        self.namespaces.ip(
            spine,
            f"link add {down} mtu 9000 type veth peer name {up} mtu 9000 {there}",
            f"addr add 10.0.{number}{leaf_number}.0/31 dev {down}",
            f"link set {down} up",
        )
        self.namespaces.ip(leaf, f"addr add 10.0.{number}{leaf_number}.1/31 dev {up}", f"link set {up} up")

    def _bridges(self, leaf: str) -> None:
        for vni in VNIS:
            self.namespaces.ip(
                leaf,
                f"link add br{vni} type bridge ageing_time 30000 stp_state 0 mcast_snooping 0",
                f"link add vx{vni} type vxlan id {vni} dstport 4789 local {LOOPBACKS[leaf]} nolearning",
                f"link set vx{vni} master br{vni}",
                f"link set vx{vni} type bridge_slave neigh_suppress on learning off",
                f"link set vx{vni} up",
                f"link set br{vni} up",
            )
            self._port(leaf, _host_port(vni), vni)
        # The anycast gateway: zebra learns the addresses bound to MACs from gratuitous ARPs.
        self.namespaces.ip(
            leaf, "link set br1010 address 02:00:5e:00:10:10", "addr add 192.168.10.254/24 dev br1010"
        )
        self._set(leaf, "ipv4/conf/br1010/arp_accept", "1")

    def _port(self, leaf: str, port: str, vni: int) -> None:
        """Make an access port and the socket through which its hosts speak."""
        there = f"netns {self.namespaces.name(_HOSTS)}"
        far = f"{leaf}-{port}"
        self.namespaces.ip(
            leaf,
            f"link add {port} type veth peer name {far} {there}",
            f"link set {port} master br{vni}",
            f"link set {port} up",
        )
        self.namespaces.ip(_HOSTS, f"link set {far} up")

        def opened() -> socket.socket:
            packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            packets.bind((far, 0))
            return packets

        self._ports[leaf, port] = self.namespaces.inside(_HOSTS, opened)

    def _start_daemon(self, node: str, daemon: str, configuration: str | None) -> None:
        folder = self.namespaces.folder(node)
        file = folder / f"{daemon}.conf"
        if configuration is not None:
            head = f"hostname {node}\nlog file {folder}/frr.log\nlog timestamp precision 3\n"
            file.write_text(head + configuration)
            shutil.chown(file, "frr", "frr")
        self.namespaces.run(
            node,
            str(_DAEMONS / daemon),
            *("-d", "-N", self.namespaces.name(node), "-f", str(file), "-i", str(folder / f"{daemon}.pid")),
            *("-A", "127.0.0.1", "-P", "0"),
        )

    def _answers(self, node: str, daemon: str) -> bool:
        return (self.namespaces.folder(node) / f"{daemon}.vty").exists() and bool(
            self.show(node, "interface")
        )

    def _has_all_sessions(self, node: str) -> bool:
        summary = self.show(node, "bgp l2vpn evpn summary") or {}
        peers = list(summary.get("peers", {}).values())
        expected = len(LEAVES) if node in SPINES else len(SPINES)
        return len(peers) == expected and all(peer["state"] == "Established" for peer in peers)

    def _has_all_vteps(self, leaf: str) -> bool:
        others = {LOOPBACKS[other] for other in LEAVES if other != leaf}
        tables = self.show(leaf, "evpn vni detail") or []
        known = {table["vni"]: set(table.get("numRemoteVteps", [])) for table in tables}
        return all(known.get(vni) == others for vni in VNIS)


@contextlib.contextmanager
def running_lab(*, segment: bool = False) -> Iterator[Lab]:
    """Give a fabric that has converged; raises MissingLabError where there can be none."""
    require()
    with running() as namespaces:
        lab = Lab(namespaces, segment=segment)
        try:
            lab.start()
            yield lab
        finally:
            lab.stop()


def lab_or_skip(*, segment: bool = False) -> Iterator[Lab]:
    """Give the lab to a fixture; a test without it is skipped, but with CI=true it fails."""
    try:
        require()
    except MissingLabError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    with running_lab(segment=segment) as lab:
        yield lab


def require() -> None:
    """Raise MissingLabError if this machine can't run the lab."""
    if os.geteuid() != 0:
        raise MissingLabError("the FRR lab makes network namespaces: it needs root")
    programs = {"vtysh": "frr", "ip": "iproute2", "bridge": "iproute2"}
    missing = {package for program, package in programs.items() if shutil.which(program) is None}
    if not all((_DAEMONS / daemon).exists() for daemon in ("zebra", "bgpd")):
        missing.add("frr")
    if missing:
        packages = " ".join(sorted(missing))
        raise MissingLabError(f"the FRR lab needs what `apt-get install {packages}` brings")
    try:
        with running() as namespaces:
            namespaces.add("p")
            namespaces.ip(
                "p",
                "link add br0 type bridge",
                "link add vx0 type vxlan id 1 dstport 4789",
                "link add v0 type veth peer name v1",
            )
    except (RuntimeError, OSError) as error:
        raise MissingLabError(
            f"this machine refuses the namespaces and links of the FRR lab: {error}"
        ) from error


def _host_port(vni: int) -> str:
    return f"host{vni}"


def _zebra_conf(node: str, *, segment: bool) -> str:
    if not segment or node not in SEGMENT_LEAVES:
        return ""
    preference = 50000 if node == SEGMENT_LEAVES[0] else 32767
    return f"""\
evpn mh startup-delay 0
interface {SEGMENT_PORT}
 evpn mh es-id 1
 evpn mh es-sys-mac 44:38:39:ff:ff:01
 evpn mh es-df-pref {preference}
exit
"""


def _bgpd_conf(node: str) -> str:
    if node in SPINES:
        number = SPINES.index(node) + 1
        peers = [(f"10.0.{number}{at}.1", _AS[leaf]) for at, leaf in enumerate(LEAVES, 1)]
        evpn = [f"  neighbor {peer} attribute-unchanged next-hop" for peer, _ in peers]
    else:
        number = LEAVES.index(node) + 1
        peers = [(f"10.0.{at}{number}.0", _AS[spine]) for at, spine in enumerate(SPINES, 1)]
        evpn = ["  advertise-all-vni", "  dup-addr-detection max-moves 5 time 180"]
    lines = [
        f"router bgp {_AS[node]}",
        f" bgp router-id {LOOPBACKS[node]}",
        " no bgp ebgp-requires-policy",
        " no bgp default ipv4-unicast",
        " bgp bestpath as-path multipath-relax",
        " timers bgp 3 9",
        *(
            line
            for peer, asn in peers
            for line in (
                f" neighbor {peer} remote-as {asn}",
                f" neighbor {peer} advertisement-interval 0",
                f" neighbor {peer} timers connect 1",
            )
        ),
        " address-family ipv4 unicast",
        *(f"  neighbor {peer} activate" for peer, _ in peers),
        f"  network {LOOPBACKS[node]}/32",
        "  maximum-paths 4",
        " exit-address-family",
        " address-family l2vpn evpn",
        *(f"  neighbor {peer} activate" for peer, _ in peers),
        *evpn,
        " exit-address-family",
    ]
    return "\n".join(lines) + "\n"
