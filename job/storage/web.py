"""The web as this machine reaches it: proxies, trusted certificates, and no redirect to another host.

aiohttp is imported when it is needed: it takes a third of a second.
"""

from __future__ import annotations

import os
import ssl
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from job.errors import StoreRefusedError
from job.storage.address import public
from job.storage.retry import STALL_S
from job.study.addresses import is_listed

if TYPE_CHECKING:
    from aiohttp import ClientSession, TraceRequestRedirectParams
    from yarl import URL

BUNDLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
"""Environment variables that name a file of trusted certificates. S3 takes the first that is set, the web all."""


class RedirectError(Exception):
    """A server redirects to an address that the user did not name."""


def bundles() -> tuple[str, ...]:
    """Return the files of trusted certificates that the environment names; StoreRefusedError if one is unusable."""
    named = {name: path for name in BUNDLES if (path := os.environ.get(name))}
    for name, path in named.items():
        try:
            trust((path,))
        except OSError as error:  # ssl.SSLError is one
            raise StoreRefusedError(f"{name}: {path} is no file of trusted certificates: {error.strerror}") from None
    return tuple(named.values())


@cache
def trust(bundles: tuple[str, ...]) -> ssl.SSLContext:
    """Return a context that trusts the system's certificates and those of the bundles, each a file or a folder."""
    context = ssl.create_default_context()
    for path in bundles:
        context.load_verify_locations(**{"capath" if Path(path).is_dir() else "cafile": path})
    return context


def options() -> dict[str, Any]:
    """Return the options of fsspec's file system for web addresses."""
    from aiohttp import ClientTimeout

    timeout = ClientTimeout(total=None, sock_connect=STALL_S, sock_read=STALL_S)
    return {"client_kwargs": {"timeout": timeout, "bundles": bundles()}, "get_client": _client}


async def _client(*, bundles: tuple[str, ...], **settings: Any) -> ClientSession:
    """Open a session that heeds the proxies of the environment."""
    from aiohttp import ClientSession, TCPConnector, TraceConfig

    trace = TraceConfig()
    trace.on_request_redirect.append(_check_redirect)
    return ClientSession(
        connector=TCPConnector(ssl=trust(bundles)),
        headers={"Accept-Encoding": "identity"},  # the bytes of the file, not of a compressed copy
        trust_env=True,
        trace_configs=[trace],
        **settings,
    )


async def _check_redirect(_session: ClientSession, _context: Any, redirect: TraceRequestRedirectParams) -> None:
    """Raise RedirectError if a redirect leads to another host, or from TLS to none."""
    from yarl import URL

    origin = redirect.response.url
    target = origin.join(URL(redirect.response.headers.get("Location", "")))
    if not _may_follow(origin, target):
        raise RedirectError(public(str(target)))


def _may_follow(origin: URL, target: URL) -> bool:
    """Return whether a redirect stays with its host, or below the addresses that the operator lists, where they are."""
    if origin.scheme == "https" and target.scheme != "https":
        return False
    is_same = origin.host == target.host and (origin.port == target.port or origin.scheme != target.scheme)
    listed = is_listed(str(target))
    return is_same if listed is None else listed
