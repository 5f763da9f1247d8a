"""The catalogue: each message says its four things in short sentences, and is used."""

import re
from pathlib import Path

import pytest

from radiosync.messages import MESSAGES, ExitCode, Message, Notice, Side, notice, received_notice
from tests.project.checkout import ROOT

EVERY = list(MESSAGES.values())
LONGEST_SENTENCE = 20
VAGUE = re.compile(r"\b(error|failed|failure|invalid|illegal|bad)\b", re.IGNORECASE)
SOURCES = [
    path
    for room in ("radiosync", "sim/radiosync_sim")
    for path in (ROOT / room).rglob("*.py")
    if path.name != "messages.py"
]


def ids(message: Message) -> str:
    return message.id


def texts(message: Message) -> tuple[str, str, str]:
    return message.happened, message.next, message.you_can


def sentences(text: str) -> list[str]:
    return [sentence for sentence in re.split(r"(?<=[.?!:])\s+", text) if sentence]


@pytest.mark.parametrize("message", EVERY, ids=ids)
def test_a_sentence_has_at_most_twenty_words(message: Message) -> None:
    for text in texts(message):
        for sentence in sentences(text):
            assert len(sentence.split()) <= LONGEST_SENTENCE, sentence


@pytest.mark.parametrize("message", EVERY, ids=ids)
def test_no_word_says_that_something_is_wrong_without_saying_what(message: Message) -> None:
    assert not any(VAGUE.search(text) for text in texts(message))


@pytest.mark.parametrize("message", EVERY, ids=ids)
def test_each_text_is_made_of_whole_sentences(message: Message) -> None:
    for text in texts(message):
        assert text.endswith((".", "<problem>", "<near>", "<report>")), text
        assert text[0] in "<`" or text[0].isupper(), text


@pytest.mark.parametrize("message", EVERY, ids=ids)
def test_an_id_is_words_with_hyphens(message: Message) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", message.id)


@pytest.mark.parametrize("message", EVERY, ids=ids)
def test_the_exit_code_fits_the_side(message: Message) -> None:
    tens = {Side.HERE: (0, 1), Side.LINK: (0, 2), Side.PARTNER: (0, 3), Side.THEIR_DATA: (4,)}
    tens |= {Side.YOU: (0, 13), Side.FILE: (1,)}
    assert message.exit_code // 10 in tens[message.side]


def _quoted(word: str, path: Path) -> bool:
    return f'"{word}"' in path.read_text("utf-8")


@pytest.mark.parametrize("message", EVERY, ids=ids)
def test_each_message_is_used(message: Message) -> None:
    assert any(_quoted(message.id, path) for path in SOURCES)


def test_each_id_that_the_code_names_is_in_the_catalogue() -> None:
    named = re.compile(r'(?:\bnotice|\bstop|message=)\(?\s*"([a-z-]+)"')
    found = {id for path in SOURCES for id in named.findall(path.read_text("utf-8"))}
    assert {"port-unusable", "interrupted"} <= found
    assert found - MESSAGES.keys() == set()


def test_a_notice_is_filled_in() -> None:
    told = notice("port-denied", user="ana", port="/dev/ttyUSB0", group="dialout")
    assert told.happened == "Your user ana may not open /dev/ttyUSB0."
    assert told.you_can == "`sudo usermod -aG dialout ana`, then log out and in."


def test_a_value_that_looks_like_a_field_is_not_filled_in_again() -> None:
    assert notice("message-unknown", message="<near>", near="!").happened == "No message is called <near>.!"


@pytest.mark.parametrize("values", [{}, {"message": "x"}, {"message": "x", "near": "", "more": 1}])
def test_a_notice_wants_exactly_the_fields_of_its_message(values: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="needs"):
        notice("message-unknown", **values)


def test_a_notice_wants_an_id_of_the_catalogue() -> None:
    with pytest.raises(ValueError, match="no message"):
        notice("no-such-thing")


def test_what_another_process_says_is_taken_as_it_comes() -> None:
    told = received_notice("port-held", {"port": "COM1", "more": "x"})
    assert isinstance(told, Notice)
    assert told.happened == "COM1 is in use by ?."
    assert received_notice("no-such-thing", {}) is None


def test_exit_codes_are_those_that_were_promised() -> None:
    promised = [0, 1, 2, 3, 4, *range(10, 17), *range(20, 26), *range(30, 34), *range(40, 43), 130, 141]
    assert [int(code) for code in ExitCode] == promised
    assert all(code.meaning.endswith(".") for code in ExitCode)
