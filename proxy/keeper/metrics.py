"""What `/metrics` shows of the keeper beside the accounting of exchanges."""

from prometheus_client import CollectorRegistry, Gauge

from proxy.accounting import CounterBlock
from proxy.keeper.store_thread import StoreThread
from proxy.keeper.vitals import Vitals
from proxy.link.receiver import LinkReceiver


def register(
    registry: CollectorRegistry,
    *,
    thread: StoreThread,
    receiver: LinkReceiver,
    counters: CounterBlock,
    vitals: Vitals,
) -> None:
    """Add the keeper's own metrics to a registry."""
    shown = {
        "wiretrail_store_writable": (
            "1 while the last batch could be written; 0 while captures wait for the store",
            lambda: float(thread.writable),
        ),
        "wiretrail_workers_connected": (
            "Workers that hand captures over",
            lambda: float(receiver.connected),
        ),
        "wiretrail_queue_bytes": (
            "Bytes of captures that wait in the workers; limited by queue_bytes",
            lambda: float(counters.queued()),
        ),
        "wiretrail_keeper_starts": (
            "Keepers since the start; more than 1: one has died or stalled",
            lambda: float(vitals.starts),
        ),
    }
    for name, (text, read) in shown.items():
        Gauge(name, text, registry=registry).set_function(read)
