"""Alibaba Cloud's codes for applying for signs, templates and short links, and for the carriers' registration of signs.

smswrap sends and queries; it applies for nothing. The rows are here because `smswrap explain` and the replies of
`query-sign` meet them. They come from Alibaba's page of domestic API error codes (help.aliyun.com,
document_detail/101346, as kept in public client libraries) and, for registration, from the comments on
`RegisterStatusReasons.ReasonCode` in the generated SDK models of GetSmsSign. The sentences are ours.
"""

from __future__ import annotations

from typing import Final

from smswrap.catalogue.entry import ALIYUN_CONSOLE, NOTHING, rows

_APPLY_AGAIN: Final = (
    f"Mend the application at {ALIYUN_CONSOLE} and submit it again; smswrap does not apply for anything."
)
_TOMORROW: Final = f"Go on with the applications at {ALIYUN_CONSOLE} on the next day."
_AFTER_REVIEW: Final = f"Wait until its review has ended, then delete it at {ALIYUN_CONSOLE}."
_NEW_ONE: Final = f"Apply for a new one at {ALIYUN_CONSOLE} instead of changing the approved one."
_SHORT_LINKS: Final = f"Make the short link at {ALIYUN_CONSOLE}; smswrap does not make short links."
_QUALIFICATION: Final = (
    f"Complete the sign's qualification at {ALIYUN_CONSOLE}; `smswrap list-qualifications` shows what is on file."
)
_WAIT_FOR_CARRIER: Final = (
    "Wait and run `smswrap query-sign --sign-name SIGN` again; carriers take about 5-10 working days."
)
_REGISTER: Final = f"Submit the sign for registration at {ALIYUN_CONSOLE} before sending much with it."

_APPLICATIONS: Final = rows(
    "aliyun",
    "refused",
    "never",
    (
        ("isv.SIGN_NAME_ILLEGAL", "The name of the sign breaks the rules for names.", _APPLY_AGAIN),
        ("isv.SIGN_OVER_LIMIT", "The name of the sign or the words of its application are too long.", _APPLY_AGAIN),
        ("isv.SIGN_FILE_LIMIT", "A file of the sign's application is larger than 2 MB.", _APPLY_AGAIN),
        ("isv.ERROR_EMPTY_FILE", "A file of the sign's application is empty.", _APPLY_AGAIN),
        ("isv.SMS_SIGN_EMOJI_ILLEGAL", "The name of the sign holds an emoji.", _APPLY_AGAIN),
        ("isv.SIGN_SOURCE_ILLEGAL", "The source given for the sign is not supported.", _APPLY_AGAIN),
        ("SIGNATURE_BLACKLIST", "The words of the sign are forbidden or blacklisted.", _APPLY_AGAIN),
        ("isv.TEMPLATE_OVER_LIMIT", "The template's name, text or application is too long.", _APPLY_AGAIN),
        ("template_parameter_count_illegal", "A template for codes may have one variable only.", _APPLY_AGAIN),
        ("isv.ERROR_SIGN_NOT_DELETE", "A sign under review cannot be deleted.", _AFTER_REVIEW),
        ("isv.ERROR_TEMPLATE_NOT_DELETE", "A template under review cannot be deleted.", _AFTER_REVIEW),
        ("isv.ERROR_SIGN_NOT_MODIFY", "An approved sign cannot be changed.", _NEW_ONE),
        ("isv.ERROR_TEMPLATE_NOT_MODIFY", "An approved template cannot be changed.", _NEW_ONE),
        ("isv.NO_AVAILABLE_SHORT_URL", "The account has no valid short link.", _SHORT_LINKS),
        ("isv.SHORTURL_NAME_ILLEGAL", "The name of the short link is longer than 13 characters.", _SHORT_LINKS),
        ("isv.SOURCEURL_OVER_LIMIT", "The link to be shortened is too long.", _SHORT_LINKS),
        ("isv.SHORTURL_TIME_ILLEGAL", "A short link may be valid for at most 30 days.", _SHORT_LINKS),
        ("isv.SHORTURL_STILL_AVAILABLE", "This link has a short link that is still valid.", _SHORT_LINKS),
        ("isv.SHORTURL_DOMAIN_EMPTY", "The domain of the link has not been registered for short links.", _SHORT_LINKS),
        ("isv.PHONENUMBERS_OVER_LIMIT", "More than 50000 numbers were given for short links at once.", _SHORT_LINKS),
    ),
)

_TOO_MANY: Final = rows(
    "aliyun",
    "throttled",
    "later",
    (
        ("isv.SIGN_COUNT_OVER_LIMIT", "The account has applied for too many signs today.", _TOMORROW),
        ("isv.TEMPLATE_COUNT_OVER_LIMIT", "The account has applied for too many templates today.", _TOMORROW),
        (
            "isv.SMS_OVER_LIMIT",
            "The account has applied for 100 signs or templates within a day.",
            f"Wait 24 h, then go on with the applications at {ALIYUN_CONSOLE}.",
        ),
        ("isv.SHORTURL_OVER_LIMIT", "The account has made too many short links today.", _TOMORROW),
    ),
)

_NOT_REGISTERED: Final = rows(
    "aliyun",
    "refused",
    "never",
    (
        ("UNBINDING_QUA", "The sign is tied to no qualification.", _QUALIFICATION),
        ("BINDING_INCOMPLETE_QUA", "The qualification tied to the sign is incomplete.", _QUALIFICATION),
        ("QUALIFICATION_ERROR", "A carrier did not register the sign because of its qualification.", _QUALIFICATION),
        (
            "SIGNATURE_QUALIFICATION_ERROR",
            "A carrier did not register the sign because it does not fit its qualification.",
            _QUALIFICATION,
        ),
        ("SIGNATURE_ERROR", "A carrier did not register the sign because of the sign itself.", _APPLY_AGAIN),
        ("NON_REGISTER", "The sign has not been submitted to this carrier.", _REGISTER),
        ("REGISTER_TIMEOUT", "The registration of the sign at this carrier timed out.", _REGISTER),
        ("NO_SEND_RECORD", "The registration lapsed because the sign sent nothing for over 6 months.", _REGISTER),
        (
            "ONE_CODE_MULTIPLE_SIGN",
            "A carrier did not register the sign because of its extension code.",
            f"Look at the sign's extension code at {ALIYUN_CONSOLE}: one code serves one sign.",
        ),
        ("EXT_CODE_RECYCLE", "The sign's extension code has been taken back.", _REGISTER),
        (
            "SUBPORT_RECYCLE",
            "The carrier has taken action against the sign's sub-port.",
            f"Ask support through {ALIYUN_CONSOLE} what the carrier found, or send with another sign.",
        ),
        (
            "OTHERS_ERROR",
            "A carrier did not register the sign for another reason.",
            "Read ReasonDescList in `smswrap --output raw query-sign --sign-name SIGN`, or ask support.",
        ),
    ),
)

_IN_REGISTRATION: Final = rows(
    "aliyun",
    "refused",
    "later",
    (
        ("REGISTERING", "The carrier is registering the sign.", _WAIT_FOR_CARRIER),
        (
            "DETECTING",
            "The registration is still to be tested, or is being tested, with this carrier.",
            _WAIT_FOR_CARRIER,
        ),
    ),
)

# No failure has this code; its kind is the one that never invites a resend.
_REGISTERED: Final = rows(
    "aliyun", "unknown", "never", (("DETECT_SUCCESS", "The carrier has registered the sign.", NOTHING),)
)

ROWS: Final = _APPLICATIONS + _TOO_MANY + _NOT_REGISTERED + _IN_REGISTRATION + _REGISTERED
