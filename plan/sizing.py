"""What the declared load takes: memory, room on volumes, and the rate at which Loki lets lines in.

Rules of thumb, each with a name here and said in the notices; measure, and say otherwise where they are off.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import profiles
from components.loki_parts import INGESTER, PARTS
from settings import Settings
from units import seconds, size_in_bytes
from workload import Resources

SAMPLE_BYTES = 2
"""On disk, compressed; Prometheus' documentation says one to two."""
SERIES_BYTES = 8 * 2**10
"""In memory, with its index, and what reading the log after a crash takes."""
SAMPLES_PER_CORE = 50_000
"""Samples a second, with the rules and queries over them."""
LOG_COMPRESSION = 5
SPAN_BYTES = 1_000
"""On Jaeger's volume, with its indices."""
PEAK = 4
"""Times the mean that lines may come at."""
LOKI_GIGABYTES = 20
"""A day, that one Loki which does everything is known to take."""
CHUNK_HOURS = 2
"""How long an ingester of Loki holds a chunk at most; what is around its lines takes as much again."""
INGESTED_PER_CORE = 5
"""Megabytes of lines a second that an ingester takes in with one core."""
_DAY, _GI, _MEGABYTE = 86_400, 2**30, 10**6
_LEAST = Resources("500m", "1000m", "512Mi", "1Gi")
"""Of Prometheus, whatever is declared."""


def prometheus(settings: Settings) -> Resources:
    """Return what is reserved for a Prometheus; it may use twice that, because a start takes more."""
    return _reserved(
        settings.load.samples_per_second / SAMPLES_PER_CORE, _series(settings) * SERIES_BYTES, _LEAST
    )


def loki(settings: Settings) -> Mapping[str, Resources]:
    """Return what is reserved for parts of Loki beyond what is usual, by workload: for its ingesters.

    Of three, each takes every line in and holds it until its chunk is written.
    """
    load = settings.load.log_gigabytes_per_day * 1000
    if not load or not profiles.in_parts(settings):
        return {}
    held = load * CHUNK_HOURS / 24 / LOG_COMPRESSION * 2 * _MEGABYTE
    return {INGESTER: _reserved(load / _DAY / INGESTED_PER_CORE, held, PARTS[INGESTER].resources)}


def _reserved(cores: float, memory: float, least: Resources) -> Resources:
    """Return so many cores and bytes, no less than ``least``, and twice that as the limits."""
    millicores = max(math.ceil(cores * 1000), int(least.cpu_request.removesuffix("m")))
    mebibytes = math.ceil(max(memory, size_in_bytes(least.memory_request)) / 2**20)
    return Resources(
        f"{millicores}m",
        f"{max(millicores * 2, int(least.cpu_limit.removesuffix('m')))}m",
        f"{mebibytes}Mi",
        max(least.memory_limit, f"{mebibytes * 2}Mi", key=size_in_bytes),
    )


def log_rate(settings: Settings) -> int:
    """Return how much Loki lets in, megabytes per second: its own default of 4, or the declared peak."""
    mean = settings.load.log_gigabytes_per_day * 1000 / _DAY
    return max(4, math.ceil(mean * PEAK))


def problems(settings: Settings) -> list[str]:
    """Return the volumes that cannot hold what is declared for as long as it is to be kept, a line each."""
    load, metrics, logs, traces = settings.load, settings.metrics, settings.logs, settings.traces
    needed = (
        (
            "metrics.maxSize",
            load.samples_per_second * SAMPLE_BYTES * seconds(metrics.retention),
            metrics.max_size,
            f"{load.samples_per_second:g} samples/s",
            metrics.retention,
        ),
        (
            "logs.storage",
            0 if logs.object_storage else _log_bytes(settings),
            logs.storage,
            f"{load.log_gigabytes_per_day:g} GB of lines a day",
            logs.retention,
        ),
        (
            "traces.storage",
            0 if traces.store else load.spans_per_second * SPAN_BYTES * seconds(traces.retention),
            traces.storage,
            f"{load.spans_per_second:g} spans/s",
            traces.retention,
        ),
    )
    return [
        f"{key}: {what}, kept for {kept}, take about {_gibibytes(size)}, and there are {given}; write "
        f"{_gibibytes(size)}, or keep them for a shorter time"
        for key, size, given, what, kept in needed
        if size > size_in_bytes(given)
    ]


def notices(settings: Settings) -> Iterator[str]:
    """Yield what was reckoned and on what assumption, a line each."""
    load, reserved = settings.load, prometheus(settings)
    if load.samples_per_second:
        yield (
            f"load: {load.samples_per_second:g} samples/s are {_series(settings):g} series at an interval of "
            f"{settings.metrics.scrape_interval}; {reserved.memory_request} and {reserved.cpu_request} are "
            f"reserved for each Prometheus, assuming {SERIES_BYTES // 2**10} KiB a series and "
            f"{SAMPLES_PER_CORE} samples/s a core"
        )
    if load.log_gigabytes_per_day:
        yield (
            f"load: {load.log_gigabytes_per_day:g} GB of lines a day; Loki lets {log_rate(settings)} MB/s "
            f"in, assuming peaks of {PEAK} times the mean"
        )
    for name, resources in loki(settings).items():
        yield (
            f"load: {resources.memory_request} and {resources.cpu_request} are reserved for each {name}, "
            f"assuming chunks held for {CHUNK_HOURS} h and {INGESTED_PER_CORE} MB/s a core"
        )
    instances = 1 if settings.profile == "single" else 3
    if not profiles.in_parts(settings) and load.log_gigabytes_per_day > LOKI_GIGABYTES * instances:
        yield (
            f"load: one Loki is known to take about {LOKI_GIGABYTES} GB a day, and the profile "
            f"{settings.profile!r} has {instances}"
        )
    if settings.profile != "single" and not load.samples_per_second:
        room = size_in_bytes(reserved.memory_limit) // SERIES_BYTES
        yield (
            f"load.samplesPerSecond: is not said; each Prometheus may use {reserved.memory_limit} of memory, "
            f"which about {room // 1000}000 series fill, and is ended beyond that"
        )


def _series(settings: Settings) -> float:
    return settings.load.samples_per_second * seconds(settings.metrics.scrape_interval)


def _log_bytes(settings: Settings) -> float:
    days = seconds(settings.logs.retention) / _DAY
    return settings.load.log_gigabytes_per_day * 1000 * _MEGABYTE * days / LOG_COMPRESSION


def _gibibytes(size: float) -> str:
    return f"{math.ceil(size / _GI)}Gi"
