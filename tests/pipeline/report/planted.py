"""A store whose devices are called what attackers would call them."""

from pathlib import Path

import duckdb

MARK = "planted"
"""In each of the names."""


def names(address: str) -> dict[str, str]:
    """Return what devices, ports and people are called; ``address``: a server that nobody may ask."""
    url = f"http://{address}/{MARK}"
    return {
        "s1": f"<script>document.title='{MARK}';fetch('{url}')</script>",
        "s2": f"</text></svg><svg onload=\"document.title='{MARK}'\"><image href='{url}'/>",
        "l1": f"\x1b]0;{MARK}\x07\x1b[31m=cmd|'{url}'!A0",
        "l2": f'=HYPERLINK("{url}") | `{MARK}` | **x** |',
        "l3": f"{{{{ 7*7 }}}}{{% raw %}}![{MARK}]({url})<img src='{url}' onerror=\"fetch('{url}')\">",
        "swp1": f"-1+1;<style>@import url('{url}');</style>{MARK}",
        "up1": f"@SUM(1)\r\n# {MARK} [a](javascript:alert(1)) <a href='{url}'>",
        "someone": f"<iframe src='{url}'></iframe>\N{RIGHT-TO-LEFT OVERRIDE}{MARK}",
    }


def plant(store: Path, called: dict[str, str]) -> None:
    """Give devices, ports and people other names, wherever they stand, within sentences and JSON as well."""
    connection = duckdb.connect()
    connection.execute(f"ATTACH '{store}' AS s")
    texts = connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = 's'"
        " AND schema_name = 'store' AND data_type = 'VARCHAR'"
    ).fetchall()
    tables = {name for (name,) in connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = 's' AND schema_name = 'store'"
    ).fetchall()}  # fmt: skip
    for table, column in texts:
        if table not in tables or table == "store_meta":
            continue
        for name, instead in called.items():
            if column in ("summary", "evidence", "detail"):
                escaped = instead.replace("\\", "\\\\").replace('"', '\\"')
                escaped = escaped.replace("\x1b", "\\u001b").replace("\x07", "\\u0007")
                escaped = escaped.replace("\r\n", "\\r\\n") if column != "summary" else instead
                connection.execute(
                    f'UPDATE s.store.{table} SET "{column}" = regexp_replace("{column}", ?, ?, \'g\')'
                    f' WHERE "{column}" IS NOT NULL',
                    [rf"\b{name}\b", escaped.replace("\\", "\\\\")],
                )
            else:
                connection.execute(
                    f'UPDATE s.store.{table} SET "{column}" = ? WHERE "{column}" = ?', [instead, name]
                )
    connection.execute(
        'INSERT INTO s.store.action (fabric, "offset", record_time, actor, verb, subject, detail, remark)'
        " SELECT fabric, -1, opened_at, ?, 'note', incident_id, to_json({'text': ?}), ?"
        " FROM s.store.incident",
        [called["someone"]] * 3,
    )
    connection.execute(
        "INSERT INTO s.store.lldp_neighbor_current (fabric, device, interface, neighbor, system_name,"
        " port_description, valid_from, seen_from, opened_offset, opened_index, family)"
        " SELECT fabric, ?, ?, '1', ?, ?, min(opened_at), min(opened_at), -1, 0, 'lldp'"
        " FROM s.store.incident GROUP BY fabric",
        [called["l1"], called["up1"], called["s1"], called["s2"]],
    )
    connection.close()
