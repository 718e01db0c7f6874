"""Too many incidents at once."""

from typing import Final

from pipeline.guides import Command, Guide, guides

GUIDES: Final = guides(
    {
        "X4": Guide(
            meaning="More incidents of one kind opened within a minute than anybody can read, and nothing that"
            " was seen explains them. They are kept one by one; you are told of them once, with counts.",
            source="Alert storms hide their cause; Alertmanager has per-alertname limits for the same reason.",
            opens="More than 10 incidents of one rule family without a cause open within 60 s.",
            clears="All of them are resolved.",
            subject=(),
            look_first="What they have in common: the devices, VNIs and segments that the summary names first.",
            causes=(
                "a change that was rolled out to many devices at once",
                "a failure of something that fabricscope doesn't see: power, optics, the network below",
                "a recovery that brings two separated parts together again",
            ),
            commands=(
                Command(
                    "fabricscope SQL",
                    "SELECT rule, severity, device, vni, summary, opened_at FROM incident"
                    " WHERE fabric = '{fabric}' ORDER BY opened_at DESC LIMIT 50",
                ),
            ),
        ),
    }
)
