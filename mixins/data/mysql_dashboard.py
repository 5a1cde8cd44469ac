"""The dashboard of the MySQL and MariaDB servers."""

from __future__ import annotations

from mixins import panels
from mixins.data import mysql
from mixins.model import Dashboard
from mixins.thresholds import Thresholds

CHOSEN = 'environment=~"$environment", instance=~"$instance"'


def overview(thresholds: Thresholds) -> Dashboard:
    """Return connections, queries, storage and replication of the chosen servers."""
    window, status = thresholds.window, mysql.STATUS
    lag = " or ".join(
        f"mysql_slave_status_seconds_behind_{each}{{{CHOSEN}}}" for each in ("master", "source")
    )
    most_files = f"mysql_global_variables_open_files_limit{{{CHOSEN}}}"
    kinds = f'{CHOSEN}, command=~"select|insert|update|delete"'
    return panels.dashboard(
        mysql.OVERVIEW,
        "MySQL",
        "Connections, queries, locks and replication of the MySQL and MariaDB servers.",
        variables=(panels.environment(), panels.instance("mysql")),
        rows={
            "Now": (
                panels.stat("Servers down", f"count(mysql_up{{{CHOSEN}}} == 0) or vector(0)", limit=1),
                panels.stat(
                    "Statements", f"sum({mysql.queries(thresholds)}{{{CHOSEN}}})", panels.Unit.PER_SECOND
                ),
                panels.stat(
                    "Fullest connections",
                    f"max({mysql.CONNECTIONS}{{{CHOSEN}}})",
                    panels.Unit.RATIO,
                    limit=thresholds.connection_ratio,
                ),
                panels.stat(
                    "Largest replication lag",
                    f"max({lag})",
                    panels.Unit.SECONDS,
                    limit=thresholds.replication_lag,
                ),
            ),
            "Connections and queries": (
                panels.timeseries(
                    "Connections in use",
                    [(f"{mysql.CONNECTIONS}{{{CHOSEN}}}", "{{instance}}")],
                    panels.Unit.RATIO,
                    limit=thresholds.connection_ratio,
                ),
                panels.timeseries(
                    "Threads",
                    [
                        (f"{status}_threads_connected{{{CHOSEN}}}", "{{instance}} connected"),
                        (f"{status}_threads_running{{{CHOSEN}}}", "{{instance}} running"),
                    ],
                ),
                panels.timeseries(
                    "Statements by kind",
                    [
                        (
                            f"sum by (command) (rate({status}_commands_total{{{kinds}}}[{window}]))",
                            "{{command}}",
                        )
                    ],
                    panels.Unit.PER_SECOND,
                    stacked=True,
                ),
                panels.timeseries(
                    "Slow queries",
                    [(f"{mysql.slow_rate(thresholds)}{{{CHOSEN}}}", "{{instance}}")],
                    panels.Unit.PER_SECOND,
                    limit=thresholds.slow_query_rate,
                ),
            ),
            "Storage, locks and replication": (
                panels.timeseries(
                    "Reads that the buffer pool answered",
                    [(f"{mysql.hit_ratio(thresholds)}{{{CHOSEN}}}", "{{instance}}")],
                    panels.Unit.RATIO,
                ),
                panels.timeseries(
                    "Row locks waited for",
                    [(f"rate({status}_innodb_row_lock_waits{{{CHOSEN}}}[{window}])", "{{instance}}")],
                    panels.Unit.PER_SECOND,
                ),
                panels.timeseries(
                    "Network, bytes per second",
                    [
                        (f"rate({status}_bytes_{each}{{{CHOSEN}}}[{window}])", f"{{{{instance}}}} {each}")
                        for each in ("received", "sent")
                    ],
                    panels.Unit.BYTES_PER_SECOND,
                ),
                panels.timeseries(
                    "Replication lag",
                    [(lag, "{{instance}}")],
                    panels.Unit.SECONDS,
                    limit=thresholds.replication_lag,
                ),
            ),
            "Faults": (
                panels.counts(
                    "Connections refused and deadlocks",
                    {
                        "refused": f'{status}_connection_errors_total{{{CHOSEN}, error="max_connections"}}',
                        "deadlocks": f"{status}_innodb_deadlocks{{{CHOSEN}}}",
                    },
                    "instance",
                ),
                panels.timeseries(
                    "Open files, share of the limit",
                    [(f"{status}_open_files{{{CHOSEN}}} / ({most_files} > 0)", "{{instance}}")],
                    panels.Unit.RATIO,
                    limit=thresholds.descriptor_ratio,
                ),
                panels.timeseries(
                    "Replication threads, 1 runs",
                    [
                        (
                            f"mysql_slave_status_{whose}_{thread}_running{{{CHOSEN}}}",
                            f"{{{{instance}}}} {thread}",
                        )
                        for whose in ("slave", "replica")
                        for thread in ("io", "sql")
                    ],
                ),
            ),
        },
    )
