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
    "Messages read, by what became of them (applied, duplicate, gap, poison, dead).",
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
LEASE_HELD = Gauge(
    "ieum_lease_held",
    "1 while a process holds the lease of a role that only one may do, 0 while nobody does it.",
    ["service", "lease"],
    multiprocess_mode="mostrecent",
)
AUDIT_WAITING = Gauge(
    "ieum_audit_waiting",
    "Acts and reads of personal data that are not in the audit chain yet.",
    ["service"],
    multiprocess_mode="mostrecent",
)
DELIVERY_WAITING = Gauge(
    "ieum_delivery_waiting_seconds",
    "For how long the oldest message whose time has come has waited to be handed over.",
    ["service"],
    multiprocess_mode="mostrecent",
)
TIMERS = Counter("ieum_timers_total", "Due times handled, by name.", ["service", "name"])
SENT = Counter(
    "ieum_messages_total", "Messages by channel and outcome.", ["service", "channel", "outcome"]
)
DELIVERY = Histogram(
    "ieum_delivery_seconds",
    "Time from the moment a message is due until the mail server has taken it, by channel.",
    ["service", "channel"],
    buckets=(0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 14400),
)
