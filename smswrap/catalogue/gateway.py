"""Codes of Alibaba Cloud's API gateway, which come with HTTP 4xx or 5xx and make the CLI exit 1.

Rows come from the facts sheet (Part 1, the two failure channels), the skill document's table of configuration errors
and Alibaba's common lists of client and server errors (developer.aliyun.com/ask/278265, help.aliyun.com,
document_detail/435312). The sentences are ours.
"""

from __future__ import annotations

from typing import Final

from smswrap.catalogue.entry import GRANT, RECEIPT_FIRST, SUPPORT, rows

_KEY_ID: Final = (
    "Run `smswrap doctor` to see which profile is used, then save a valid AccessKey with `aliyun configure`."
)
_SAVE_AGAIN: Final = (
    "Save the AccessKey ID and its own secret again with `aliyun configure`, without blanks around them."
)
_RENEW: Final = (
    "Get new temporary credentials, with key, secret and token from the same answer, and run the command again."
)
_CLOCK: Final = "Set the machine's clock; it may differ from the gateway's by at most 15 minutes."
_UPDATE: Final = (
    "Run `aliyun plugin update`, then `smswrap doctor`; dysmsapi must be called with --api-version 2017-05-25."
)
_COMPARE: Final = "Compare the command with `smswrap COMMAND --help`; the reply's Message names the parameter."
_SLOW_DOWN: Final = (
    "Wait a minute and send fewer requests a second: 5000 a second for sends and receipts, 20 for statistics, "
    "10 for the lists of signs and templates."
)

_CREDENTIALS: Final = rows(
    "aliyun",
    "credentials",
    "never",
    (
        ("MissingAccessKeyId", "The request carried no AccessKey ID.", _KEY_ID),
        ("InvalidAccessKeyId.NotFound", "The AccessKey ID does not exist.", _KEY_ID),
        ("InvalidAccessKeyId.Inactive", "The AccessKey is disabled.", _KEY_ID),
        ("InvalidAccessKeyId*", "The gateway does not accept this AccessKey ID.", _KEY_ID),
        (
            "SignatureDoesNotMatch",
            "The request's signature is wrong, which is nearly always a wrong secret.",
            _SAVE_AGAIN,
        ),
        ("IncompleteSignature", "The request's signature is incomplete.", _SAVE_AGAIN),
        ("InvalidSecurityToken.Expired", "The temporary credentials have expired.", _RENEW),
        ("InvalidSecurityToken.Malformed", "The security token is damaged.", _RENEW),
        ("InvalidSecurityToken.MismatchWithAccessKey", "The security token belongs to another AccessKey.", _RENEW),
        ("InvalidSecurityToken*", "The gateway does not accept this security token.", _RENEW),
        ("NoPermission", "The user of this AccessKey may not do this.", GRANT),
        ("Forbidden.RAM", "The RAM user may not do this.", GRANT),
        ("Forbidden", "The user of this AccessKey may not do this.", GRANT),
        (
            "Forbidden.RiskControl",
            "Alibaba Cloud's risk control forbids this request.",
            "Ask Alibaba Cloud's support why, with the RequestId of the reply.",
        ),
        (
            "Forbidden.UserVerification",
            "The Alibaba Cloud account has not passed real-name verification.",
            "Let the account's owner complete the real-name verification in the Alibaba Cloud console.",
        ),
        ("Forbidden*", "The gateway forbids this request to this user.", GRANT),
    ),
)

_THROTTLED: Final = rows(
    "aliyun",
    "throttled",
    "later",
    (
        ("Throttling", "The gateway turned the request away because there were too many.", _SLOW_DOWN),
        ("Throttling.User", "This account has made too many requests a second.", _SLOW_DOWN),
        ("Throttling.Api", "This API has had too many requests a second.", _SLOW_DOWN),
        ("Throttling*", "The gateway turned the request away because of a limit on requests.", _SLOW_DOWN),
    ),
)

_SETUP: Final = rows(
    "aliyun",
    "setup",
    "never",
    (
        ("InvalidTimeStamp.Expired", "The time of the request is over 15 minutes off.", _CLOCK),
        ("InvalidTimeStamp.Format", "The time of the request is not written as the gateway wants it.", _UPDATE),
        ("IllegalTimestamp", "The request carried no valid time.", _CLOCK),
        ("InvalidVersion", "The API version is not one that dysmsapi has.", _UPDATE),
        ("NoSuchVersion", "The API version does not exist.", _UPDATE),
        ("InvalidAction", "The operation does not exist.", _UPDATE),
        ("InvalidAction.NotFound", "The operation does not exist in this API version.", _UPDATE),
        ("InvalidApi.NotFound", "The operation does not exist in this API version.", _UPDATE),
        (
            "InvalidProduct.NotFound",
            "The address that was called serves no such product.",
            "Call dysmsapi.aliyuncs.com: take a wrong endpoint or region out of the CLI's profile and environment.",
        ),
        ("InvalidProtocol.NeedSsl", "The API may only be called over HTTPS.", _UPDATE),
        ("UnsupportedHTTPMethod", "The API does not take this HTTP method.", _UPDATE),
        ("InvalidSignatureMethod", "The gateway does not know this way of signing.", _UPDATE),
    ),
)

_REFUSED: Final = rows(
    "aliyun",
    "refused",
    "never",
    (
        ("MissingParameter", "The request lacks a parameter that the operation needs.", _COMPARE),
        ("Missing*", "The request lacks the parameter that the code names after “Missing”.", _COMPARE),
        ("InvalidParameter", "A parameter has a value that the operation does not take.", _COMPARE),
        ("InvalidParameter.Format", "The format asked for the reply is neither JSON nor XML.", _UPDATE),
        ("Invalid*", "The parameter that the code names after “Invalid” has a wrong value.", _COMPARE),
        ("UnsupportedOperation", "The operation is not supported.", _UPDATE),
    ),
)

# A request that ended in one of these may have been carried out.
_UNKNOWN: Final = rows(
    "aliyun",
    "unknown",
    "after-receipt",
    (
        (
            "SignatureNonceUsed",
            "The gateway has already had this very request, so its first copy may have been carried out.",
            RECEIPT_FIRST,
        ),
        (
            "InternalError",
            "The gateway failed inside; a send may or may not have been taken.",
            f"{RECEIPT_FIRST} {SUPPORT}",
        ),
        (
            "ServiceUnavailable",
            "The service was briefly not there; a send may or may not have been taken.",
            RECEIPT_FIRST,
        ),
        ("InternalError*", "The gateway failed inside; a send may or may not have been taken.", RECEIPT_FIRST),
        ("ServiceUnavailable*", "The service was not there; a send may or may not have been taken.", RECEIPT_FIRST),
    ),
)

ROWS: Final = _CREDENTIALS + _THROTTLED + _SETUP + _REFUSED + _UNKNOWN
