"""Which answers of a target are refusals (codes: google.rpc.Code), for collectors and doctor alike."""

from typing import Final

import grpc

ASK_OTHERWISE: Final = frozenset(
    {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.UNIMPLEMENTED}
)
"""Refusals that may be of the mode or of the encoding rather than of the path or of us."""
REFUSALS: Final = ASK_OTHERWISE | {grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED}
"""Answers that the same question will get again. Others, as FAILED_PRECONDITION, may be of the moment."""
