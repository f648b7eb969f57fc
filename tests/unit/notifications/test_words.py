"""Every message says what it has to say, in both languages, with nothing missing."""

import re
from typing import Any

import pytest

from chassis.language import UnknownKey
from services.notifications.messages.model import DIGESTS, Message
from services.notifications.messages.planning import rules
from services.notifications.messages.rendering import (
    intents,
    note,
    render,
    script,
    template,
)
from services.notifications.messages.wording import spoken_number, wording
from tests.support.notices import (
    CENTRE,
    SCHOOL,
    SECRET,
    TITLE,
    message_of,
    notice,
    planned_by_intent,
    received,
)

LANGUAGES = ("ko", "en")
BANNED = ("오류", "실패", "잘못", "귀교", "당 센터", "상기 ", "에러", "사유")


def every_message() -> dict[str, Message]:
    planned = planned_by_intent()
    found = {intent: message_of(intent, notice(one)) for intent, one in planned.items()}
    placed = [notice(planned[f"placement_{name}"]) for name in ("offered", "waitlisted")]
    asked = [notice(planned["booking_asked"])] * 2
    correction = [notice(planned["correction"])] * 2
    found["digest_schools"] = message_of("digest_schools", *placed)
    found["digest_hosts"] = message_of("digest_hosts", *asked)
    found["digest_news"] = message_of("digest_news", asked[0], notice(planned["booking_cancelled"]))
    found["digest_correction"] = message_of("digest_correction", *correction)
    return found


MESSAGES = every_message()


def test_every_template_is_used_by_a_rule_and_every_rule_has_its_template() -> None:
    assert set(MESSAGES) == set(intents())
    assert set(DIGESTS.values()) <= set(intents())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("intent", intents())
def test_every_message_is_written_in_full(intent: str, language: str) -> None:
    rendered = render(MESSAGES[intent], language, "http://localhost", "김하늘", SECRET)
    for text in (rendered.subject, rendered.text, rendered.html):
        assert text.strip()
        assert "{" not in re.sub(r"style=\"[^\"]*\"", "", text)
        assert "None" not in text
        assert "undefined" not in text
    assert "\n" not in rendered.subject
    assert re.search(r"[가-힣]", rendered.subject)
    assert "http://localhost/" in rendered.text
    assert f'lang="{language}"' in rendered.html


@pytest.mark.parametrize("intent", sorted(set(intents()) - {"invitation"}))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_can_be_read_in_the_inbox(intent: str, language: str) -> None:
    shown = note(MESSAGES[intent], language)
    assert shown.lead and shown.act and shown.path.startswith("/")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("intent", [name for name in intents() if template(name)["by_telephone"]])
def test_what_deserves_a_call_has_a_question_and_a_reading_back(intent: str, language: str) -> None:
    said = script(MESSAGES[intent], language, SECRET)
    assert said.ask and said.readback and said.opening and said.closing
    assert len(said.say) >= 1


def test_a_script_for_a_host_names_day_people_and_place_and_asks() -> None:
    said = script(MESSAGES["booking_asked"], "ko")
    whole = " ".join([*said.say, said.ask])
    assert "명" in whole and "시청 본관 4층 디자인실" in whole
    assert "받으시겠어요?" in said.ask
    assert said.readback.endswith("맞습니까?")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_roster_of_individuals_is_told_without_a_school(language: str) -> None:
    event = received("booking.asked", preaccepted=False, school=None, group=None, people=7)
    message = message_of("booking_asked", notice(rules.plan(event)[0]))
    said = render(message, language, "http://localhost").text
    assert SCHOOL not in said.split("\n", 2)[2].split("--")[0]
    assert "7" in said


def test_a_long_digest_counts_what_it_does_not_show() -> None:
    one = notice(planned_by_intent()["placement_offered"])
    message = message_of("digest_schools", *[one] * 60)
    rendered = render(message, "ko", "http://localhost")
    assert "60건" in rendered.subject
    assert rendered.text.count("배정안: ") == 40
    assert "그 밖에 20건" in rendered.text


@pytest.mark.parametrize(
    ("language", "reason", "rank", "asked"),
    [
        ("ko", "이유: 이번 사업은 6개 학교까지 선정", "예비 2번", "내부결재"),
        ("en", "Reason: At most 6 schools are selected", "reserve rank 2", "approval"),
    ],
)
def test_a_school_whose_groups_were_all_left_out_reads_the_reason_and_its_rank_in_one_letter(
    language: str, reason: str, rank: str, asked: str
) -> None:
    facts: dict[str, Any] = {
        "reason_code": "school_cap",
        "facts": {"cap": 6, "chosen": 6},
        "reserve_rank": 2,
    }
    event = received("placement.not_selected", released=True, **facts)
    left_out = [notice(one) for one in rules.plan(event)]
    message = message_of("digest_schools", *left_out, *left_out)
    for said in (
        render(message, language, "http://localhost").text,
        " ".join(script(message, language).say),
    ):
        assert said.count(reason) == 2
        assert said.count(rank) == 2
        assert asked not in said, "nothing is left to approve or to confirm"


def test_a_missing_fact_is_an_error_and_never_a_hole() -> None:
    message = MESSAGES["survey_received"]
    facts = {key: value for key, value in message.items[0].facts.items() if key != "groups"}
    broken = message.model_copy(
        update={"items": [message.items[0].model_copy(update={"facts": facts})]}
    )
    with pytest.raises(UnknownKey, match="groups"):
        render(broken, "ko", "http://localhost")


@pytest.mark.parametrize("intent", intents())
def test_the_words_are_those_of_the_house(intent: str) -> None:
    rendered = render(MESSAGES[intent], "ko", "http://localhost", "김하늘", SECRET)
    for word in BANNED:
        assert word not in rendered.text, word
    assert not re.search(r"\d{4}-\d{2}-\d{2}", rendered.text)
    assert not re.search(r"\b\d{2}:\d{2}\b", rendered.text)
    for sentence in re.findall(r"[^.?!\n]*시[^.?!\n]*시겠[^.?!\n]*", rendered.text):
        assert sentence.count("시겠") <= 1


@pytest.mark.parametrize("intent", intents())
def test_no_sentence_shows_a_particle_choice_or_a_doubled_counter(intent: str) -> None:
    text = render(MESSAGES[intent], "ko", "http://localhost", "김하늘", SECRET).text
    for slip in (
        "은(는)",
        "이(가)",
        "을(를)",
        "(으)로",
        "건건",
        "명명",
        "번번",
        "입니다입니다",
        "..",
    ):
        assert slip not in text


def test_markup_in_a_name_stays_text() -> None:
    message = MESSAGES["booking_asked"]
    common = {**message.common, "organisation": "<b>상상</b> & 디자인 {0}"}
    rendered = render(message.model_copy(update={"common": common}), "ko", "http://localhost")
    assert "<b>" not in rendered.html
    assert "&lt;b&gt;상상&lt;/b&gt; &amp; 디자인 {0}" in rendered.html
    assert "<b>상상</b> & 디자인 {0}" in rendered.text


@pytest.mark.parametrize(
    ("start", "end", "korean", "english"),
    [
        (
            "2024-11-05T01:00:00.000Z",
            "2024-11-05T02:00:00.000Z",
            "11월 5일(화) 오전 10시부터 11시까지",
            "Tue 5 November, 10 am to 11 am",
        ),
        (
            "2024-11-05T02:00:00.000Z",
            "2024-11-05T04:30:00.000Z",
            "11월 5일(화) 오전 11시부터 오후 1시 30분까지",
            "Tue 5 November, 11 am to 1:30 pm",
        ),
    ],
)
def test_a_span_is_said_as_people_say_it(start: str, end: str, korean: str, english: str) -> None:
    assert wording("ko").span(start, end) == korean
    assert wording("en").span(start, end) == english


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("intent", intents())
def test_every_message_says_who_writes_how_to_call_back_and_about_which_campaign(
    intent: str, language: str
) -> None:
    rendered = render(MESSAGES[intent], language, "http://localhost", "김하늘", SECRET)
    for text in (rendered.text, rendered.html):
        assert CENTRE in text
        assert "031-000-1004" in text
        if MESSAGES[intent].campaign is not None:
            assert TITLE in text


def test_telephone_numbers_are_said_as_they_are_dialled() -> None:
    assert spoken_number("+82310001004") == "031-000-1004"
    assert spoken_number(None) == ""


def test_a_reason_is_given_with_its_numbers() -> None:
    said = wording("ko").word("reason", "school_cap", {"cap": 6, "placed": 320, "chosen": 6})
    assert "6개 학교" in said
    general = wording("ko").word("reason", None)
    assert wording("ko").word("reason", "school_cap", {}) == general


def test_an_unknown_reason_has_general_words() -> None:
    assert wording("ko").word("reason", "nobody_knows_this") == wording("ko").word("reason", None)
