"""What placement keeps of others' events: one read model per kind of fact.

Pure: an event becomes writes. Access (signing keys, revoked accounts) is kept by the chassis.
"""

from chassis.events.handlers import Projections
from services.placement.campaigns import store as campaigns
from services.placement.demands import store as demands
from services.placement.organisations import store as organisations

projections = Projections()

_organisations = projections.add(
    "organisations",
    (organisations.ORGANISATIONS, organisations.RELATIONS),
    ("registration.organisations",),
)
_organisations.on("organisation.registered", "organisation.changed")(
    organisations.organisation_written
)
_organisations.on("organisation.related")(organisations.related)
_organisations.on("organisation.relation_ended")(organisations.relation_ended)

_organisations.on("organisation.merged")(organisations.merged)

_labels = projections.add("labels", (organisations.LABELS,), ("registration.labels",))
_labels.on("label.changed")(organisations.label_written)

_campaigns = projections.add(
    "campaigns",
    (campaigns.CAMPAIGNS, campaigns.PROGRAMMES),
    ("registration.campaigns", "registration.programmes"),
)
_campaigns.on("programme.published")(campaigns.programme_written)
_campaigns.on(
    "campaign.announced",
    "campaign.changed",
    "campaign.opened",
    "campaign.closing",
    "campaign.closed",
    "campaign.cancelled",
)(campaigns.campaign_written)
_campaigns.on("campaign.manifest_amended")(campaigns.manifest_amended)

_demands = projections.add("demands", (demands.DEMANDS,), ("registration.surveys",))
_demands.on("survey.submitted", "survey.amended", "survey.admitted")(demands.demand_written)
_demands.on("survey.withdrawn")(demands.demand_withdrawn)

_needs = projections.add("needs", (demands.NEEDS,), ("registration.needs",))
_needs.on("needs.declared")(demands.needs_written)

_applications = projections.add(
    "applications", (demands.APPLICATIONS,), ("registration.applications",)
)
_applications.on("application.submitted", "application.amended")(demands.application_written)
_applications.on("application.withdrawn")(demands.application_withdrawn)
