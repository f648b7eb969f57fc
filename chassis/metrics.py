"""Every metric once, with the sentence that says what it tells the person on call."""

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Histogram(
    "ieum_http_request_seconds",
    "Time to answer a request, by route and status.",
    ["service", "route", "method", "status"],
)
PUBLISHED = Counter(
    "ieum_relay_published_total", "Events that the broker acknowledged.", ["service", "topic"]
)
OUTBOX_OLDEST = Gauge(
    "ieum_outbox_oldest_seconds",
    "Age of the oldest event that waits to be published.",
    ["service"],
    multiprocess_mode="mostrecent",
)
QUARANTINED = Gauge(
    "ieum_outbox_quarantined",
    "Events that the broker refused for good and an operator must look at.",
    ["service"],
    multiprocess_mode="mostrecent",
)
CONSUMED = Counter(
    "ieum_consumed_total",
    "Messages read, by what became of them (applied, duplicate, parked, dead).",
    ["service", "group", "outcome"],
)
LAG = Gauge(
    "ieum_consumer_lag",
    "Messages of a topic that a consumer has not read yet.",
    ["service", "group", "topic"],
    multiprocess_mode="mostrecent",
)
PARKED = Gauge(
    "ieum_parked",
    "Messages that wait behind a gap or a dead letter of the same key.",
    ["service", "group"],
    multiprocess_mode="mostrecent",
)
DEAD = Gauge(
    "ieum_dead_letters",
    "Messages that no handler could take and an operator must look at.",
    ["service", "group"],
    multiprocess_mode="mostrecent",
)
LEASE_TAKEN = Counter(
    "ieum_lease_taken_total", "Times that a role took the lease of another.", ["service", "role"]
)
TIMERS = Counter("ieum_timers_total", "Due times handled, by name.", ["service", "name"])
SENT = Counter(
    "ieum_messages_total", "Messages by channel and outcome.", ["service", "channel", "outcome"]
)
