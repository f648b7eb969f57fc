"""Events into this service's own read models. Pure: nothing is sent, planned or looked up here,
so that a rebuild tells nobody anything."""

from chassis.events.envelope import Received
from chassis.events.handlers import Projections, Write
from services.notifications.directory import store

projections = Projections()

relations = projections.add(
    "relations", collections=("relations", "merged"), topics=("registration.organisations",)
)
campaigns = projections.add(
    "campaigns", collections=("campaigns",), topics=("registration.campaigns",)
)
answers = projections.add(
    "answers", collections=("answers", "groups"), topics=("registration.surveys",)
)
offers = projections.add("offers", collections=("offer_labels",), topics=("placement.labels",))


titles = projections.add(
    "campaign_labels", collections=("campaign_labels",), topics=("registration.titles",)
)


@titles.on("campaign_label.changed")
def _title(event: Received) -> list[Write]:
    return store.campaign_label_written(event)


@relations.on("organisation.related", "organisation.relation_ended")
def _relation(event: Received) -> list[Write]:
    return store.relation_written(event)


@relations.on("organisation.merged")
def _merged(event: Received) -> list[Write]:
    return store.merged_written(event)


@campaigns.on(
    "campaign.announced",
    "campaign.changed",
    "campaign.opened",
    "campaign.closing",
    "campaign.closed",
    "campaign.cancelled",
)
def _campaign(event: Received) -> list[Write]:
    return store.campaign_written(event)


@answers.on("survey.submitted", "survey.amended", "survey.admitted", "survey.withdrawn")
def _answer(event: Received) -> list[Write]:
    return store.answer_written(event)


@offers.on("offer_label.changed")
def _offer(event: Received) -> list[Write]:
    return store.offer_label_written(event)
