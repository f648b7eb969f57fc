"""What is told before anybody has a place: invitations, campaigns and surveys."""

from collections.abc import Iterable

from chassis.events.envelope import Received
from services.notifications.messages.planned import Planned, Rules

rules = Rules()


@rules.on("contact.invited")
def _invited(event: Received) -> Iterable[Planned]:
    """The secret stays sealed with the recipient; a letter needs no message."""
    data = event.data
    if data["email"] or data["telephone"]:
        yield Planned(
            "invitation",
            data["organisation"],
            "invited",
            None,
            {"expires_at": data["expires_at"], "contact": event.key},
            audience="invited",
        )


CAMPAIGNS = {
    "campaign.announced": "campaign_announced",
    "campaign.opened": "campaign_opened",
    "campaign.cancelled": "campaign_cancelled",
}


@rules.on(*CAMPAIGNS)
def _campaign(event: Received) -> Iterable[Planned]:
    names = ("opens_at", "deadline", "window")
    facts = {"campaign": event.key, **{name: event.data[name] for name in names}}
    yield Planned(
        CAMPAIGNS[event.type],
        None,
        "school",
        event.data["centre"],
        facts,
        campaign=event.key,
        audience="schools",
    )


def reminder(campaign: str, centre: str, deadline: str) -> Planned:
    """The deadline comes near: to the schools that have not submitted."""
    facts = {"campaign": campaign, "deadline": deadline}
    return Planned(
        "survey_reminder",
        None,
        "school",
        centre,
        facts,
        campaign=campaign,
        audience="schools_unanswered",
    )


@rules.on("campaign.reminded")
def _reminded(event: Received) -> Iterable[Planned]:
    """The centre reminds by hand: the same words as the clock's, to those who have not answered."""
    yield reminder(event.key, event.data["centre"], event.data["deadline"])


SURVEYS = {
    "survey.submitted": "survey_received",
    "survey.amended": "survey_amended",
    "survey.admitted": "survey_admitted",
    "survey.withdrawn": "survey_withdrawn",
}


@rules.on(*SURVEYS)
def _survey(event: Received) -> Iterable[Planned]:
    data = event.data
    groups = data.get("groups", [])
    facts = {
        "survey": event.key,
        "campaign": data["campaign"],
        "groups": len(groups),
        "people": sum(group["people"] for group in groups),
        "submitted_at": data.get("submitted_at"),
    }
    left = event.type == "survey.withdrawn" and data.get("late", False)
    intent = "survey_left" if left else SURVEYS[event.type]
    yield Planned(
        intent, data["school"], "school", data["centre"], facts, campaign=data["campaign"]
    )
    if left:
        # Nobody was told of a result yet; the centre has to know before it tells anybody.
        told = {"campaign": data["campaign"], "school": data["school"]}
        yield Planned(
            "school_left", data["centre"], "centre", data["centre"], told, data["campaign"]
        )
