# SPDX-License-Identifier: Apache-2.0
"""Asks a model many things at once: kept replies first, then with retries, within the budget."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from http import HTTPStatus
from typing import Generic, TypeVar

from llmseg_core.grounding.chat_post import RefusedError

from ..tally import Tally
from .budget import Budget, most_spent, spent_on
from .model_config import ModelConfig
from .replies import ReplyStore
from .request import ChatModel, ChatReply, ChatRequest

__all__ = ["Asked", "Asker", "BadReplyError", "ServerGoneError"]

T = TypeVar("T")
LONGEST_WAIT_S = 60.0
_BUSY = (
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.CONFLICT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
)
_CANNOT = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)


class BadReplyError(ValueError):
    """An answer that cannot be used.

    Attributes:
        reason: a code that is counted, such as "no_json".
    """

    def __init__(self, reason: str, text: str = "") -> None:
        super().__init__(f"{reason}: {text[:80]!r}")
        self.reason = reason


class ServerGoneError(ConnectionError):
    """A server does not answer any more, after all retries: the run ends, and can be resumed."""


class Asked(Generic[T]):
    """What became of a request.

    Attributes:
        request: the one that was answered; of the last attempt.
        value: what its answer says; None if no attempt gave one that can be read.
        text: the last answer as it came; "" if there was none.
    """

    def __init__(self, request: ChatRequest, value: T | None, text: str) -> None:
        self.request, self.value, self.text = request, value, text


class Asker:
    """Asks one model.

    Args:
        model: who answers; None answers from kept replies alone.
        config: its settings.
        store: keeps replies.
        budget: of all askers together.
        tally: counts bad replies under "replies".
    """

    def __init__(
        self,
        model: ChatModel | None,
        config: ModelConfig,
        store: ReplyStore,
        budget: Budget,
        tally: Tally,
    ) -> None:
        self.model, self.config = model, config
        self.store, self.budget, self.tally = store, budget, tally
        self._over = threading.Event()
        self._counting = threading.Lock()

    def request(self, text: str, **more: object) -> ChatRequest:
        """A request to this model with its settings."""
        given: dict[str, object] = {
            "max_tokens": self.config.max_tokens,
            "temperature": self.config.temperature,
            **more,
        }
        return ChatRequest(self.config.name, text, **given)  # type: ignore[arg-type]

    def ask_all(
        self, requests: Iterable[ChatRequest], read: Callable[[str], T]
    ) -> Iterator[Asked[T]]:
        """Ask all, several at a time; answers come in the order of the requests.

        Args:
            requests: read as they are needed.
            read: what an answer says; raises BadReplyError, upon which it is asked anew.

        Raises:
            BudgetSpentError: if the next request could pass the budget; answers that are under way
                are waited for and kept.
            ServerGoneError: if the server is away, or refuses everything.
            FileNotFoundError: if there is no model and no kept reply.
        """
        waiting: deque[Future[Asked[T]]] = deque()
        pool = ThreadPoolExecutor(self.config.concurrency, thread_name_prefix="ask")
        try:
            for request in requests:
                waiting.append(pool.submit(self._answered, request, read))
                while len(waiting) >= 2 * self.config.concurrency:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            self._over.set()
            pool.shutdown(wait=True, cancel_futures=True)
            self._over.clear()

    def _answered(self, request: ChatRequest, read: Callable[[str], T]) -> Asked[T]:
        text, asked = "", request
        for attempt in range(self.config.asked_anew + 1):
            asked = request.again(attempt)
            try:
                reply = self.store.get(asked) or self._sent(asked)
                text = reply.text
                return Asked(asked, read(self._usable(reply)), text)
            except BadReplyError as error:
                if error.reason in ("refused", "late"):  # counted where it happened
                    break
                self._count(error.reason, str(error))
        return Asked(asked, None, text)

    @staticmethod
    def _usable(reply: ChatReply) -> str:
        if not reply.text.strip():
            raise BadReplyError("empty")
        return reply.text

    def _sent(self, request: ChatRequest) -> ChatReply:
        """Ask now, and keep the answer."""
        if self.model is None:
            raise FileNotFoundError(
                f"{request.model} has not been asked {request.text[-60:]!r} before, and nobody is "
                f"asked now: leave out --offline"
            )
        if self._over.is_set():
            raise ServerGoneError("another request has ended the run")
        wait_s = self.config.first_wait_s
        for left in reversed(range(self.config.retries + 1)):
            most = most_spent(request, self.config)
            self.budget.hold(most)
            taken = most  # an interruption leaves open what the server charges
            try:
                reply = self.model.ask(request)
                taken = spent_on(reply.prompt_tokens, reply.reply_tokens, self.config)
                self.store.add(request, reply, taken)
                return reply
            except (ConnectionError, TimeoutError) as error:
                reason, asked_to = self._reason(error)
                self._count(reason, str(error))
                self.store.add_failure(request, reason, most)
                if reason == "refused":
                    raise BadReplyError(reason, str(error)) from error
                if reason == "late" and not left:
                    raise BadReplyError(reason, str(error)) from error
                if reason == "denied" or not left or self._over.is_set():
                    self._over.set()
                    raise ServerGoneError(
                        f"{error}. {self.config.retries - left + 1} tries were made; what was "
                        f"answered is kept: run it again to go on"
                    ) from error
            finally:
                self.budget.settle(most, taken)
            self._over.wait(min(LONGEST_WAIT_S, wait_s if asked_to is None else asked_to))
            wait_s *= 2
        raise AssertionError("the last try returns or raises")

    @staticmethod
    def _reason(error: Exception) -> tuple[str, float | None]:
        """A code for what went wrong, and for how long the server wants to be left alone."""
        if isinstance(error, TimeoutError):
            return "late", None
        if not isinstance(error, RefusedError):
            return "away", None
        if error.status in _CANNOT:
            return "refused", None
        if error.status in _BUSY or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return "busy", error.wait_s
        return "denied", None

    def _count(self, reason: str, what: str) -> None:
        with self._counting:
            self.tally.note("replies", reason, what)
