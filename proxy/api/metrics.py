"""`/metrics` in Prometheus' text format: the accounting of exchanges, and the API's own work.

No label bears an organization, integration or host: metrics are readable without a token.
"""

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder

from store.accounting import Accounting

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class ApiMetrics:
    """The API's metrics, in a registry that others may add to."""

    def __init__(self, registry: CollectorRegistry, accounting: Callable[[], Accounting]) -> None:
        self.registry = registry
        registry.register(_AccountingCollector(accounting))
        self.streams = Gauge(
            "wiretrail_api_streams", "Live streams that are open", registry=registry
        )
        self.errors = Counter(
            "wiretrail_api_errors", "Requests that failed by a fault of ours", registry=registry
        )
        self._requests = Counter(
            "wiretrail_api_requests",
            "Requests to the API",
            ["endpoint", "method", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            "wiretrail_api_request_seconds",
            "Time to answer requests to the API",
            ["endpoint"],
            buckets=_BUCKETS,
            registry=registry,
        )

    def observe(self, endpoint: str, method: str, status: int, seconds: float) -> None:
        """Count a request. `endpoint` is the path as declared, never as sent."""
        known = method if method in _METHODS else "other"
        self._requests.labels(endpoint, known, str(status)).inc()
        self._seconds.labels(endpoint).observe(seconds)

    def text(self, accept: str) -> tuple[bytes, str]:
        """Everything in the registry, and the content type, as the scraper prefers it."""
        encoder, content_type = choose_encoder(accept)
        return encoder(self.registry), content_type


_METHODS = frozenset({"GET", "HEAD", "POST", "PATCH", "DELETE", "PUT", "OPTIONS"})


class _AccountingCollector:
    """Takes one reading per scrape, so that the sum holds within it."""

    def __init__(self, accounting: Callable[[], Accounting]) -> None:
        self._accounting = accounting

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterable[Metric]:
        reading = self._accounting()
        yield CounterMetricFamily(
            "wiretrail_exchanges_seen", "Exchanges opened", value=reading.seen
        )
        yield CounterMetricFamily(
            "wiretrail_exchanges_stored", "Exchanges whose final row is kept", value=reading.stored
        )
        dropped = CounterMetricFamily(
            "wiretrail_exchanges_dropped", "Exchanges without a final row", labels=["reason"]
        )
        for reason, count in sorted(reading.dropped.items()):
            dropped.add_metric([reason], count)
        yield dropped
        yield GaugeMetricFamily(
            "wiretrail_exchanges_in_flight",
            "Exchanges open, or not yet committed",
            value=reading.in_flight,
        )
