"""What the doctor takes for a refusal, and how it asks then."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import grpc
import pytest

from collectors.doctor import subscriptions
from collectors.doctor.findings import Finding, Level
from collectors.gnmi_client import GnmiClient, RpcError
from collectors.profiles import profile
from collectors.refusals import ASK_OTHERWISE, REFUSALS
from collectors.subscriptions import attempts
from tests.collectors.devices import target

PROFILE = profile("openconfig")
ROUTES = [one for one in PROFILE.subscriptions if one.family == "routes"]
PATHS = sum(len(one.paths) for one in ROUTES)


class Answering:
    """A client of a target that ends each RPC for these paths with the same code."""

    def __init__(self, code: grpc.StatusCode) -> None:
        self.code = code
        self.asked = 0

    async def subscribe(self, _request: bytes) -> AsyncIterator[bytes]:
        self.asked += 1
        raise RpcError(self.code, "so it is")
        yield b""


def found(client: Answering) -> Finding:
    """Return what is found of the family of routes."""
    every = asyncio.run(
        subscriptions._family(cast("GnmiClient", client), target(9339), PROFILE, "routes", None)
    )
    assert every.level is Level.ERROR
    return every


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK])
def test_a_refusal_is_what_collectors_take_for_one(code: grpc.StatusCode) -> None:
    assert ("refused" in found(Answering(code)).what) is (code in REFUSALS)


@pytest.mark.parametrize(
    ("code", "asked"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, len(attempts(PROFILE, ROUTES, None)) + PATHS),
        (grpc.StatusCode.PERMISSION_DENIED, 1 + PATHS),
        (grpc.StatusCode.UNAUTHENTICATED, 1),
        (grpc.StatusCode.FAILED_PRECONDITION, 1),
    ],
)
def test_another_way_is_tried_where_collectors_try_it(code: grpc.StatusCode, asked: int) -> None:
    client = Answering(code)
    found(client)
    assert client.asked == asked


def test_a_refused_login_is_no_matter_of_paths() -> None:
    refused = found(Answering(grpc.StatusCode.UNAUTHENTICATED))
    assert "login is refused" in refused.what
    assert "credentials" in refused.remedy


def test_what_may_be_of_the_mode_is_a_refusal() -> None:
    assert ASK_OTHERWISE < REFUSALS
