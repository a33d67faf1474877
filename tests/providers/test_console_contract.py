"""The console notifier keeps the contract that every notifier keeps."""

from __future__ import annotations

import io
import json

import pytest

from saaskit_core.notifiers import Channel, Message
from saaskit_core.testing.contract import NotifierContract, NotifierHarness
from saaskit_providers.console import ConsoleNotifier, ConsoleSettings


class StreamHarness(NotifierHarness):
    def __init__(self):
        self._stream = io.StringIO()

    def settings(self):
        return {}

    def notifier(self):
        return ConsoleNotifier(ConsoleSettings(), stream=self._stream)

    def sent(self):
        return self._stream.getvalue()

    def break_down(self):
        self._stream.close()


class FileHarness(NotifierHarness):
    def __init__(self, folder):
        self._path = folder / "messages" / "sent.jsonl"

    def settings(self):
        return {"path": self._path}

    def notifier(self):
        return ConsoleNotifier(ConsoleSettings.model_validate(self.settings()))

    def sent(self):
        lines = self._path.read_text(encoding="utf-8").splitlines()
        return "\n".join(json.dumps(json.loads(line), ensure_ascii=False) for line in lines)

    def break_down(self):
        self._path.mkdir(parents=True)


class TestConsoleOnAStream(NotifierContract):
    @pytest.fixture
    def harness(self):
        return StreamHarness()


class TestConsoleInAFile(NotifierContract):
    @pytest.fixture
    def harness(self, tmp_path):
        return FileHarness(tmp_path)


def test_a_message_keeps_all_its_parts_in_the_file(tmp_path):
    path = tmp_path / "sent.jsonl"
    notifier = ConsoleNotifier(ConsoleSettings(path=path), name="outbox")
    message = Message(
        idempotency_key="k", channel=Channel.EMAIL, address="a@b.c", subject="S", text="T\nU"
    )
    first = notifier.send(message)
    second = notifier.send(message)
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert (
        lines
        == [
            {
                "idempotency_key": "k",
                "channel": "email",
                "address": "a@b.c",
                "subject": "S",
                "text": "T\nU",
                "html": "",
                "language": "en",
            }
        ]
        * 2
    )
    assert first == second
    assert notifier.name == "outbox"


def test_it_prints_to_standard_output_by_default(capsys):
    message = Message(idempotency_key="k", channel=Channel.SMS, address="+1", subject="", text="Hi")
    ConsoleNotifier(ConsoleSettings()).send(message)
    assert capsys.readouterr().out == "--- sms to +1\n\nHi\n\n"
