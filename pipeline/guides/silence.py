"""Targets that tell nothing any more."""

from typing import Final

from pipeline.guides import Command, Guide, guides

GUIDES: Final = guides(
    {
        "X1": Guide(
            meaning="Nothing was heard of a device for 15 s while the fabric's clock went on. What rests on its"
            " word alone is unknown, neither good nor bad; other leaves may still vouch for its routes.",
            source="Each target sends a liveness sample every 5 s; NVIDIA NetQ calls an agent rotten after"
            " 3 x 30 s.",
            opens="15 s without any record of the device, while ticks of the collectors come.",
            clears="The device is heard again.",
            subject=("device",),
            look_first="Does the device answer a ping, and does its gNMI port accept connections?",
            causes=(
                "the device is down or rebooting: look for R15 or R16 of the same device",
                "its telemetry agent hangs or was restarted",
                "the management network to it is broken",
                "credentials or certificates expired",
            ),
            commands=(
                Command("Linux", "fabricscope doctor --inventory inventory.yaml {device}"),
                Command(
                    "fabricscope SQL",
                    "SELECT family, kind, detail, event_time FROM collector_event"
                    " WHERE device = '{device}' ORDER BY event_time DESC LIMIT 20",
                ),
                Command("fabricscope SQL", "SELECT * FROM blind_interval WHERE device = '{device}'"),
            ),
        ),
    }
)
