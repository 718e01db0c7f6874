"""What one client, and all together, may cost a target: who asks for more is refused, not served slowly."""

from itertools import chain
from typing import Any, Final

REQUEST_BYTES: Final = 64 * 1024
"""Of one message of a client."""
PATHS: Final = 100
"""In one request."""
ELEMENTS: Final = 64
"""Of a path with its prefix; OpenConfig's deepest leaves have fewer than 20."""
TEXT: Final = 1024
"""Characters of a name, a key, a key's value, a target's name and an origin."""
SAMPLINGS: Final = 16
"""Kinds of sampling in one request: each looks at all of its paths by itself."""
ANSWER_BYTES: Final = 4 * 1024 * 1024
"""Of one GetResponse: more than that gRPC's clients don't take, unless they are told to."""
RPCS: Final = 64
"""At the same time, of one server."""
CONNECTIONS: Final = 128
"""Of one server: each takes a file descriptor."""
HANDSHAKE_MS: Final = 5_000
"""For TLS and the first frames of HTTP/2; who says nothing is hung up on."""
IDLE_MS: Final = 60_000
"""How long a connection without an RPC stays."""
_SHOWN: Final = 200


def shown(text: str) -> str:
    """Return what of a client's text an answer repeats."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def excess(path: Any, prefix: Any) -> str | None:
    """Return what is too much about a Path with its prefix; None: nothing."""
    elems = (*prefix.elem, *path.elem)
    if len(elems) > ELEMENTS:
        return f"the path has {len(elems)} elements: {ELEMENTS} at most"
    texts = [prefix.target, prefix.origin, path.origin]
    for elem in elems:
        texts += (elem.name, *chain.from_iterable(elem.key.items()))
    longest = max(texts, key=len)
    if len(longest) > TEXT:
        return f"{shown(longest)!r} has {len(longest)} characters: names, keys and values have {TEXT} at most"
    return None
