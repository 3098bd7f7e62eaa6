"""Who may call: the sandbox's Bearer key, or a V4 signature that this module computes again by itself."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_plus

from .replies import Refusal

if TYPE_CHECKING:
    from .replies import Request

ACCESS_KEY = "AKLTsandbox"
SESSION_TOKEN = "sandbox-token"  # noqa: S105  opens nothing without the key
SCOPE = "cn-north-1/volcSMS/request"
SKEW = timedelta(minutes=15)
SIGNED = {"host", "x-content-sha256", "x-date"}
AUTHORIZATION = re.compile(
    "HMAC-SHA256 Credential=(?P<access>[^/]+)/(?P<day>[0-9]{8})/(?P<scope>[^,]+), ?"
    "SignedHeaders=(?P<names>[a-z0-9;-]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)


def authenticate(request: Request, key: str) -> None:
    """Let the sandbox's key pass, as a Bearer key or as the secret of a pair that signs; anyone else is a Refusal."""
    authorization = request.headers.get("authorization", "")
    if not authorization:
        raise Refusal("MissingAuthenticationToken")
    if authorization.startswith("Bearer "):
        check_bearer(request, authorization, key)
    else:
        check_signature(request, authorization, key)


def check_bearer(request: Request, authorization: str, key: str) -> None:
    """The Bearer gateway takes its key, wants to know the service, and has POST requests only."""
    if not hmac.compare_digest(authorization.encode(), f"Bearer {key}".encode()):
        raise Refusal("InvalidAccessKey")
    if request.method == "GET":
        raise Refusal("AccessDenied", "A GET takes only requests that are signed.")
    if request.headers.get("servicename") != "volcSMS":
        raise Refusal("MissingRequestInfo", "It is the ServiceName header.")


def check_signature(request: Request, authorization: str, key: str) -> None:
    """The signed API takes one key pair, with or without the session token, for 15 minutes."""
    found = AUTHORIZATION.fullmatch(authorization)
    if not found or found["scope"] != SCOPE:
        raise Refusal("SignatureDoesNotMatch", "The Authorization header or its scope has another form.")
    if found["access"] != ACCESS_KEY or request.headers.get("x-security-token", SESSION_TOKEN) != SESSION_TOKEN:
        raise Refusal("InvalidAccessKey")
    check_date(request.headers.get("x-date", ""), found["day"])
    if request.headers.get("x-content-sha256") != hashlib.sha256(request.body).hexdigest():
        raise Refusal("SignatureDoesNotMatch", "X-Content-Sha256 is not the digest of the body.")
    names = found["names"].split(";")
    if missing := (SIGNED | (request.headers.keys() & {"x-security-token", "content-type"})) - set(names):
        raise Refusal("SignatureDoesNotMatch", f"Not signed: {', '.join(sorted(missing))}.")
    if not hmac.compare_digest(compute_signature(request, names, key), found["signature"]):
        raise Refusal("SignatureDoesNotMatch")


def check_date(stamp: str, day: str) -> None:
    """X-Date is now, give or take 15 minutes, and on the day of the scope."""
    try:
        moment = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        raise Refusal("InvalidTimestamp", "X-Date has another form.") from None
    if abs(datetime.now(timezone.utc) - moment) > SKEW or not stamp.startswith(day):
        raise Refusal("InvalidTimestamp")


def compute_signature(request: Request, names: list[str], secret: str) -> str:
    """The hexadecimal signature that this request should carry."""
    text = [request.method, request.path, canonical_query(request.query)]
    text += [f"{name}:{request.headers.get(name, '').strip()}" for name in names]
    text += ["", ";".join(names), request.headers["x-content-sha256"]]
    stamp = request.headers["x-date"]
    key = secret.encode()
    for step in (stamp[:8], *SCOPE.split("/")):
        key = digest(key, step)
    hashed = hashlib.sha256("\n".join(text).encode()).hexdigest()
    return digest(key, f"HMAC-SHA256\n{stamp}\n{stamp[:8]}/{SCOPE}\n{hashed}").hex()


def canonical_query(query: str) -> str:
    """The query's pairs, sorted and percent-encoded anew."""
    pairs = [part.partition("=") for part in query.split("&") if part]
    encoded = [tuple(quote(unquote_plus(text), safe="-_.~") for text in (name, value)) for name, _, value in pairs]
    return "&".join(f"{name}={value}" for name, value in sorted(encoded))


def digest(key: bytes, text: str) -> bytes:
    """HMAC-SHA256."""
    return hmac.digest(key, text.encode(), "sha256")
