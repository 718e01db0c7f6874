"""Spines that are lost to the fabric (rule R16).

A spine is lost when all its EVPN sessions with leaves are down, or all its links with them: what lost its
power takes its links along at once, sessions between loopbacks end when their hold time is over (RFC 4271,
section 6.5). With several leaves only: what one leaf has with it is that leaf's matter.

Subject: device, the spine. Look first at its power and its management address.
"""

from typing import Final

import polars as pl

from pipeline.detectors import findings
from pipeline.detectors.timeline import changes, counts, telling

SESSIONS, LINKS = "EVPN sessions", "links"
"""What a spine is judged by, as sentences name it."""
_WITNESSES: Final = 2
"""Sessions or links that must be down, where others can't be told, for a spine to be lost and not unknown."""


def spines_of(down: pl.DataFrame, ends: pl.DataFrame) -> pl.DataFrame:
    """Return per known spine and time whether it is lost (``value``), and what of it is down.

    ``down``: timeline per adjacency, whether it is down, null: nobody fresh can tell. ``ends``: its ends.
    ``what``: SESSIONS or LINKS, which of them tells; ``down``, ``unknown`` and ``total`` count those. A leaf
    whose own sessions with leaves are judged is one here, too.
    """
    leaf = pl.col("peer").is_in(ends["leaf"].unique().to_list())
    meshed = ends.filter(leaf)["leaf"].unique().to_list()
    known = ends.filter(pl.col("peer_known") & (~leaf | pl.col("peer").is_in(meshed))).select("peer").unique()
    theirs = down.join(known, on="peer", how="semi")
    session, link = pl.col("kind") == "session", pl.col("kind") == "link"
    tally = counts(
        theirs,
        ["peer"],
        **{
            f"{name} {what}": flag & (pl.col("kind") == kind)
            for kind, what in (("session", SESSIONS), ("link", LINKS))
            for name, flag in (
                ("down", pl.col("value")),
                ("unknown", pl.col("value").is_null()),
                ("total", pl.lit(value=True)),
            )
        },
    )
    # what one leaf has with it is that leaf's matter
    leaves = theirs.group_by("peer").agg(
        pl.col("leaf").filter(session).n_unique().alias(f"leaves {SESSIONS}"),
        pl.col("leaf").filter(link).n_unique().alias(f"leaves {LINKS}"),
    )
    tally = tally.join(leaves, on="peer", maintain_order="left")
    by_sessions, by_links = _all_lost(SESSIONS), _all_lost(LINKS).fill_null(value=False)
    # where it has links only, they tell
    links_tell = by_links & ~by_sessions.fill_null(value=False) | (pl.col(f"total {SESSIONS}") == 0)
    return tally.with_columns(
        value=pl.when(by_links).then(pl.lit(value=True)).otherwise(by_sessions),
        what=pl.when(links_tell).then(pl.lit(LINKS)).otherwise(pl.lit(SESSIONS)),
        **{
            name: pl.when(links_tell).then(f"{name} {LINKS}").otherwise(f"{name} {SESSIONS}")
            for name in ("down", "unknown", "total")
        },
    )


def _all_lost(what: str) -> pl.Expr:
    down, unknown = pl.col(f"down {what}"), pl.col(f"unknown {what}")
    several = pl.col(f"leaves {what}") > 1
    lost = (down == pl.col(f"total {what}") - unknown) & several
    # who can't be told leaves both sides, but one leaf's word alone is no verdict on a spine
    unsure = lost & (unknown > 0) & (down < _WITNESSES)
    return pl.when(~unsure).then(lost)


def lost_spines(spines: pl.DataFrame) -> pl.DataFrame:
    """Return the findings of R16 on spines; ``spines``: what ``spines_of`` returns."""
    total = spines["peer"].n_unique()
    states = changes(spines, ["peer"], ["value", "unknown", "what"]).with_columns(active="value")
    return findings(
        telling(states, ["peer"]).with_columns(
            rule=pl.lit("R16"),
            severity=pl.lit("warning"),
            device="peer",
            peer=pl.lit(None, dtype=pl.String),
            coverage=1 - pl.col("unknown") / pl.col("total"),
            summary=pl.when("active")
            .then(
                pl.format(
                    "Spine {} of {} is lost to the fabric: {} of its {} {} with leaves are down{}",
                    "peer", pl.lit(total), "down", "total", "what",
                    pl.when(pl.col("unknown") > 0)
                    .then(pl.format(", {} can't be told", "unknown"))
                    .otherwise(pl.lit("")),
                )
            )
            .otherwise(
                pl.format(
                    "Spine {} has {} of its {} {} with leaves, {} can't be told",
                    "peer", pl.col("total") - pl.col("down") - pl.col("unknown"), "total", "what", "unknown",
                )
            ),
            evidence=pl.struct(
                "unknown", sessions_down=f"down {SESSIONS}", sessions=f"total {SESSIONS}",
                links_down=f"down {LINKS}", links=f"total {LINKS}",
            ).struct.json_encode(),
        )
    )  # fmt: skip
