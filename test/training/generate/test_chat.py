# SPDX-License-Identifier: Apache-2.0
"""Asking a server on this machine: what comes, what does not, and what it may cost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from helpers.data_files import picture
from helpers.generate_place import said
from helpers.vlm_server import VlmServer, reply, vlm_server
from llmseg_core.config import RuntimeConfig
from llmseg_training.generate.chat.asker import Asker, BadReplyError, ServerGoneError
from llmseg_training.generate.chat.budget import Budget, BudgetLimits, BudgetSpentError, Spent
from llmseg_training.generate.chat.local_model import load_local
from llmseg_training.generate.chat.model_config import ModelConfig
from llmseg_training.generate.chat.replies import REPLIES, ReplyStore
from llmseg_training.generate.chat.request import ChatRequest
from llmseg_training.generate.chat.server_model import ServerModel
from llmseg_training.generate.tally import Tally


@pytest.fixture
def server() -> Iterator[VlmServer]:
    with vlm_server() as running:
        running.behaviour = lambda body: (200, reply(f"answer to {said(body)}"))
        yield running


def asker(
    folder: Path, server: VlmServer, limits: BudgetLimits | None = None, offline: bool = False,
    **settings: Any,
) -> Asker:  # fmt: skip
    given = {"url": server.url, "model": "m", "first_wait_s": 0.01, "retries": 2, **settings}
    config = ModelConfig(**given)
    store = ReplyStore(folder)
    model = None if offline else ServerModel(config)
    return Asker(model, config, store, Budget(limits or BudgetLimits(), store.spent), Tally())


def answers(asking: Asker, count: int = 3, read: Any = str) -> list[Any]:
    requests = [asking.request(f"question {number}") for number in range(count)]
    return [each.value for each in asking.ask_all(requests, read)]


def test_answers_in_order_and_several_at_a_time(tmp_path: Path, server: VlmServer) -> None:
    together = threading.Barrier(3, timeout=20)  # three are under way, or it breaks

    def behave(body: dict[str, Any]) -> tuple[int, Any]:
        together.wait()
        return 200, reply(f"answer to {said(body)}")

    server.behaviour = behave
    asking = asker(tmp_path, server, concurrency=3)
    assert answers(asking, 6) == [f"answer to question {number}" for number in range(6)]


def test_what_is_sent(tmp_path: Path, server: VlmServer) -> None:
    asking = asker(tmp_path, server, temperature=0.5, max_tokens=77)
    schema = {"type": "object"}
    request = asking.request("what?", images=(picture(1),), schema=schema, seed=5, system="be kind")
    list(asking.ask_all([request], str))
    (body,) = server.asked
    system, user = body["messages"]
    assert system == {"role": "system", "content": "be kind"}
    assert [part["type"] for part in user["content"]] == ["image_url", "text"]
    assert user["content"][0]["image_url"]["url"].startswith("data:image/png;base64,")
    assert (body["seed"], body["temperature"], body["max_tokens"]) == (5, 0.5, 77)
    assert body["response_format"]["json_schema"]["schema"] == schema
    assert server.paths == ["/v1/chat/completions"]
    list(asker(tmp_path / "2", server, schema=False).ask_all([request], str))
    assert "response_format" not in server.asked[1]


def test_nothing_is_asked_twice(tmp_path: Path, server: VlmServer) -> None:
    first = answers(asker(tmp_path, server))
    assert answers(asker(tmp_path, server)) == first
    assert len(server.asked) == 3
    assert answers(asker(tmp_path, server, offline=True)) == first


def test_offline_without_a_reply(tmp_path: Path, server: VlmServer) -> None:
    with pytest.raises(FileNotFoundError, match="leave out --offline"):
        answers(asker(tmp_path, server, offline=True))


def test_a_reply_that_was_cut_short_is_asked_for_again(tmp_path: Path, server: VlmServer) -> None:
    answers(asker(tmp_path, server, concurrency=1))
    file = tmp_path / REPLIES
    file.write_bytes(file.read_bytes()[:-9])  # as a full disk or a kill leaves it
    assert answers(asker(tmp_path, server)) == [f"answer to question {n}" for n in range(3)]
    assert [said(body) for body in server.asked[3:]] == ["question 2"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_busy_servers_are_asked_again(tmp_path: Path, server: VlmServer, status: int) -> None:
    left = [2]

    def behave(body: dict[str, Any]) -> tuple[int, Any]:
        left[0] -= 1
        return (status, {"error": "busy"}) if left[0] >= 0 else (200, reply("at last"))

    server.behaviour = behave
    asking = asker(tmp_path, server, concurrency=1)
    assert answers(asking, 1) == ["at last"]
    assert asking.tally.counts["replies"] == {"busy": 2}
    assert asking.budget.spent.requests == 3


def test_a_server_that_stays_busy_ends_the_run(tmp_path: Path, server: VlmServer) -> None:
    server.behaviour = lambda body: (503, {"error": "loading"})
    with pytest.raises(ServerGoneError, match=r"status 503.*3 tries were made.*run it again"):
        answers(asker(tmp_path, server, concurrency=1))


def test_a_server_that_is_away(tmp_path: Path, server: VlmServer) -> None:
    gone = ModelConfig(url="http://127.0.0.1:9/v1", model="m", retries=1, first_wait_s=0)
    asking = asker(tmp_path, server)
    asking.config, asking.model = gone, ServerModel(gone)
    with pytest.raises(ServerGoneError, match="cannot be reached"):
        answers(asking)
    assert asking.tally.counts["replies"]["away"] >= 2


def test_a_wrong_key_ends_the_run_at_once(tmp_path: Path, server: VlmServer) -> None:
    server.behaviour = lambda body: (401, {"error": "who are you"})
    with pytest.raises(ServerGoneError, match="status 401"):
        answers(asker(tmp_path, server, concurrency=1))
    assert len(server.asked) == 1


def test_one_request_that_is_refused_stops_no_other(tmp_path: Path, server: VlmServer) -> None:
    server.behaviour = lambda body: (
        (400, {"error": "too long"}) if "1" in said(body) else (200, reply("fine"))
    )
    asking = asker(tmp_path, server)
    assert answers(asking) == ["fine", None, "fine"]
    assert asking.tally.counts["replies"] == {"refused": 1}
    assert len(server.asked) == 3


def test_late_answers(tmp_path: Path, server: VlmServer) -> None:
    server.wait_s = 5
    asking = asker(tmp_path, server, timeout_s=0.2, retries=1)
    assert answers(asking, 1) == [None]
    assert asking.tally.counts["replies"] == {"late": 2}


@pytest.mark.parametrize(
    ("content", "reason"),
    [("", "empty"), ("   ", "empty"), (None, "empty"), ("I think so.", "no_number")],
)
def test_bad_answers_are_asked_for_anew(
    tmp_path: Path, server: VlmServer, content: Any, reason: str
) -> None:
    replies = iter([content, "42"])
    server.behaviour = lambda body: (200, reply(next(replies)))

    def read(text: str) -> int:
        if not text.isdigit():
            raise BadReplyError("no_number", text)
        return int(text)

    asking = asker(tmp_path, server)
    assert answers(asking, 1, read) == [42]
    assert asking.tally.counts["replies"] == {reason: 1}
    first, second = server.asked
    assert first["seed"] != second["seed"]
    assert second["temperature"] > 0  # the likeliest words would be the same again
    # What was bad is kept as well: the same run finds the same without the server.
    assert answers(asker(tmp_path, server, offline=True), 1, read) == [42]


def test_replies_that_are_no_chat(tmp_path: Path, server: VlmServer) -> None:
    server.behaviour = lambda body: (200, b'{"choices": [{"mess')
    with pytest.raises(ServerGoneError, match="no answer that can be read"):
        answers(asker(tmp_path, server))


@pytest.mark.parametrize(
    ("limits", "sent"),
    [
        (BudgetLimits(requests=4), 4),
        (BudgetLimits(tokens=4 * 60), 1),  # the first reservation fits, the next one does not
        (BudgetLimits(money=0.0), 0),
    ],
)
def test_the_budget_is_never_passed(
    tmp_path: Path, server: VlmServer, limits: BudgetLimits, sent: int
) -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 50}
    server.behaviour = lambda body: (200, {**reply("fine"), "usage": usage})
    settings = {"max_tokens": 50, "prompt_price": 1.0, "reply_price": 2.0, "concurrency": 8}
    asking = asker(tmp_path, server, limits, **settings)
    with pytest.raises(BudgetSpentError, match="is spent"):
        answers(asking, 20)
    assert len(server.asked) <= sent
    spent = asking.budget.spent
    for name in ("requests", "tokens", "money"):
        limit = getattr(limits, name)
        assert limit is None or getattr(spent, name) <= limit
    # A later run has what is left, and one with a larger budget goes on.
    with pytest.raises(BudgetSpentError):
        answers(asker(tmp_path, server, limits, **settings), 20)
    assert len(server.asked) <= sent
    assert answers(asker(tmp_path, server, **settings), 20) == ["fine"] * 20
    assert len(server.asked) == 20


def test_failed_requests_count_as_the_most_that_they_may_cost(
    tmp_path: Path, server: VlmServer
) -> None:
    server.behaviour = lambda body: (503, {})
    asking = asker(tmp_path, server, concurrency=1, retries=0, max_tokens=100)
    with pytest.raises(ServerGoneError):
        answers(asking, 1)
    assert asking.budget.spent.tokens > 100
    assert ReplyStore(tmp_path).spent == asking.budget.spent


def test_spent_sums() -> None:
    assert Spent(1, 2, 3.0) + Spent(1, 1, 1.0) - Spent(2, 0, 0.5) == Spent(0, 3, 3.5)


def test_the_key_is_sent_and_kept_nowhere(tmp_path: Path, server: VlmServer) -> None:
    heads: list[str | None] = []
    key = tmp_path / "key"
    key.write_text("sk-secret\n")

    class Handler(server.RequestHandlerClass):  # type: ignore[name-defined,misc]
        def do_POST(self) -> None:
            heads.append(self.headers["Authorization"])
            super().do_POST()

    server.RequestHandlerClass = Handler
    answers(asker(tmp_path / "out", server, key_file=str(key)), 1)
    assert heads == ["Bearer sk-secret"]
    assert "sk-secret" not in (tmp_path / "out" / REPLIES).read_text()


def test_digests_tell_requests_apart() -> None:
    request = ChatRequest("m", "text", (picture(0),))
    others = [
        replace(request, model="n"), replace(request, text="other"), replace(request, seed=1),
        replace(request, images=(picture(1),)), replace(request, images=()),
        replace(request, system="x"), replace(request, schema={"type": "object"}),
        replace(request, temperature=0.1), replace(request, max_tokens=5),
    ]  # fmt: skip
    assert len({each.digest() for each in [request, *others]}) == 10
    assert request.digest() == ChatRequest("m", "text", (np.array(picture(0)),)).digest()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "either a url and a model, or a path"),
        ({"url": "http://x/v1", "path": "y"}, "either a url"),
        ({"url": "http://x/v1"}, "the name of the model"),
        ({"path": "x", "concurrency": 0}, "concurrency is 0"),
    ],
)
def test_bad_settings(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ModelConfig(**settings)


def test_a_model_in_this_process(tmp_path: Path) -> None:
    words = ["<s>", "</s>", "<unk>", *"abcdefghijklmnopqrstuvwxyz?"]
    tokenizer = Tokenizer(models.WordLevel({word: at for at, word in enumerate(words)}, "<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>",
        chat_template="{% for m in messages %}{{ m['content'] }}{% endfor %}",
    )  # fmt: skip
    config = LlamaConfig(
        vocab_size=len(words), hidden_size=16, intermediate_size=16, num_hidden_layers=1,
        num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=64,
        bos_token_id=0, eos_token_id=1, pad_token_id=1,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(tmp_path)
    fast.save_pretrained(tmp_path)
    model = load_local(ModelConfig(path=str(tmp_path)), RuntimeConfig())
    request = ChatRequest(str(tmp_path), "what?", max_tokens=5, temperature=1.0, seed=3)
    first = model.ask(request)
    assert model.ask(request) == first
    assert (first.prompt_tokens, first.reply_tokens <= 5) == (5, True)
    assert any(model.ask(replace(request, seed=seed)).text != first.text for seed in range(9))
    with pytest.raises(ValueError, match="sees no images"):
        model.ask(replace(request, images=(picture(0),)))
    fast.chat_template = None
    fast.save_pretrained(tmp_path)
    (tmp_path / "chat_template.jinja").unlink(missing_ok=True)
    with pytest.raises(ValueError, match="has no chat template"):
        load_local(ModelConfig(path=str(tmp_path)), RuntimeConfig())
