"""Talks to one Alertmanager over HTTP(S): API v2.

The standard library's client: one connection per request, no redirects (a login goes where it was meant to)
and no proxies from the environment.
"""

import http.client
import ssl
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from collectors.errors import FabricscopeError, InputError
from pipeline.alerts.access import Address, Credentials
from pipeline.safe_text import clean

TIMEOUT_S: Final = 10.0
_MOST_ANSWER_BYTES: Final = 64 * 1024 * 1024
_MOST_TOLD: Final = 300
_API: Final = "/api/v2/alerts"


class AwayError(FabricscopeError):
    """No answer, or one that says that it may work later."""


class SaidNoError(FabricscopeError):
    """An Alertmanager doesn't like what it was sent; sending it again won't help."""


class Alertmanager:
    """One Alertmanager; safe to be used by one thread at a time."""

    def __init__(self, address: Address, credentials: Credentials) -> None:
        self.name = str(address)
        self._address = address
        self._credentials = credentials

    def post(self, body: bytes) -> None:
        """Tell it alerts, as JSON. Raises AwayError, or SaidNoError: it took those that it understood."""
        self._ask("POST", _API, body)

    def alerts(self, matchers: Sequence[str]) -> list[dict[str, Any]]:  # Any: JSON
        """Return the alerts that fire there and match, silenced and inhibited ones too."""
        asked = urlencode([("filter", matcher) for matcher in matchers])
        answer = self._ask("GET", f"{_API}?{asked}", None)
        try:
            found = orjson.loads(answer)
        except orjson.JSONDecodeError as error:
            raise SaidNoError(f"{self.name} answers with something that is no JSON: {error}") from error
        if not isinstance(found, list):
            raise SaidNoError(f"{self.name} answers with something that is no list of alerts")
        return [one for one in found if isinstance(one, dict)]

    def _ask(self, method: str, path: str, body: bytes | None) -> bytes:
        try:
            headers = {
                "Content-Type": "application/json",
                "Connection": "close",
                **self._credentials.headers(),
            }
        except InputError as error:  # a secret that is being exchanged
            raise AwayError(f"{self.name} was not asked: {error}") from error
        connection = self._connection()
        try:
            connection.request(method, self._address.prefix + path, body, headers)
            response = connection.getresponse()
            answer = response.read(_MOST_ANSWER_BYTES)
        except ssl.SSLCertVerificationError as error:
            raise AwayError(
                f"{self.name} has a certificate that is not trusted: {error.verify_message}"
            ) from error
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            reason = clean(str(error)) or type(error).__name__
            raise AwayError(f"{self.name} can't be reached: {reason}") from error
        finally:
            connection.close()
        if response.status == http.HTTPStatus.OK:
            return answer
        told = clean(answer[:_MOST_TOLD].decode(errors="replace"))
        reason = clean(response.reason)
        sentence = f"{self.name} answers {response.status} {reason}: {told or 'without a word'}"
        if response.status in (http.HTTPStatus.BAD_REQUEST, http.HTTPStatus.UNPROCESSABLE_ENTITY):
            raise SaidNoError(sentence)
        raise AwayError(sentence)

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._address.host, self._address.port
        if self._address.encrypted:
            return http.client.HTTPSConnection(
                host, port, timeout=TIMEOUT_S, context=self._credentials.context
            )
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
