"""Business codes that sending and querying through Alibaba Cloud's dysmsapi can answer with.

Rows come from the facts sheet (Part 1), the error table of Alibaba's own skill document and its
`references/sms-error-codes.md`, and Alibaba's page of domestic API error codes (help.aliyun.com,
document_detail/101346). The frequency windows are those of the provider facts in `peers.md`. The sentences are ours.
"""

from __future__ import annotations

from typing import Final

from smswrap.catalogue.entry import ALIYUN_CONSOLE, GRANT, RECEIPT_FIRST, SUPPORT, rows

_LIST_SIGNS: Final = "Run `smswrap list-signs --approved` and send with a sign of that list."
_LIST_TEMPLATES: Final = (
    "Run `smswrap list-templates --approved` and send with a template of that list; "
    "the parameter names must be those of its placeholders."
)
_SHOW_TEMPLATE: Final = (
    "Run `smswrap query-template --template-code CODE` to see the template's placeholders, then mend --template-param."
)
_REWORD: Final = "Change the text or the values of the variables and send again."
_DROP: Final = "Take this number off the list of recipients."
_TOP_UP: Final = f"Top up the balance or buy a package at {ALIYUN_CONSOLE}, then send again."
_ACTIVATE: Final = f"Activate the SMS service at {ALIYUN_CONSOLE} with the account that owns the AccessKey."
_TEST_SENDS: Final = f"Bind the number for test sends at {ALIYUN_CONSOLE}, or send with an approved sign and template."
_EXTEND_CODES: Final = f"Look at the extension codes at {ALIYUN_CONSOLE}, or leave the extension code out."
_WAIT_FOR_THE_WINDOW: Final = (
    "Wait until the window has passed: codes 1 a minute, 5 an hour and 10 a day per sign and number, "
    "40 a day per number; notices and promotions 50 a day per sign, template and number. "
    "Minute and hour are fixed clock windows in UTC+8, the day is a rolling 24 h."
)
_WAIT_FOR_THE_DAY: Final = (
    f"Wait for the next day, or raise the daily total (domestic security settings) at {ALIYUN_CONSOLE}. "
    "The windows of each number (codes: 1 a minute, 5 an hour, 10 a day) are other limits and hold as well."
)

_SIGNS: Final = rows(
    "aliyun",
    "refused",
    "never",
    (
        ("isv.SMS_SIGN_NAME_ILLEGAL", "The sign does not exist in this account or is not approved.", _LIST_SIGNS),
        (
            "isv.SMS_SIGNATURE_ILLEGAL",
            "No approved sign of this account has that name, or the name holds spaces or stray characters.",
            _LIST_SIGNS,
        ),
        ("SignatureNotFound", "The account has no sign of that name.", _LIST_SIGNS),
        ("isv.SMS_SIGN_ILLEGAL", "The provider forbids the use of this sign.", _LIST_SIGNS),
        (
            "isv.SIGN_STATE_ILLEGAL",
            "The sign's state is “unavailable”.",
            "Run `smswrap query-sign --sign-name SIGN` to see why, mend the sign in the console, or send with another.",
        ),
        (
            "isv.SMS_SIGNATURE_SCENE_ILLEGAL",
            "The sign's type does not fit the template: a sign for codes sends only templates for codes.",
            "Send with a general sign, or with a template for codes; `smswrap list-signs --approved` shows the signs.",
        ),
    ),
)

_TEMPLATES: Final = rows(
    "aliyun",
    "refused",
    "never",
    (
        (
            "isv.SMS_TEMPLATE_ILLEGAL",
            "The template is not in this account, is not approved, or does not fit the parameters.",
            _LIST_TEMPLATES,
        ),
        ("TemplateNotFound", "The account has no template of that code.", _LIST_TEMPLATES),
        ("isv.TEMPLATE_MISSING_PARAMETERS", "A placeholder of the template was given no value.", _SHOW_TEMPLATE),
        (
            "isv.TEMPLATE_PARAMS_ILLEGAL",
            "A value is not of the type that its placeholder was approved for.",
            _SHOW_TEMPLATE,
        ),
        (
            "isv.INVALID_JSON_PARAM",
            "The template parameters are not a JSON object whose values are all strings.",
            'Write the parameters as JSON with every value in quotes, such as {"code":"123456"}.',
        ),
        (
            "isv.PARAM_LENGTH_LIMIT",
            "A value is longer or shorter than its placeholder allows.",
            "Shorten the value: a code has 4-6 characters, any other value 1-35.",
        ),
        (
            "isv.PARAM_NOT_SUPPORT_URL",
            "A value holds a URL or other content that a variable may not carry.",
            "Put the fixed part of the URL into the template itself and have that approved.",
        ),
        (
            "isv.INVALID_PARAMETERS",
            "A parameter has the wrong form.",
            "Compare the parameters with `smswrap COMMAND --help`; a date, for instance, is written yyyyMMdd.",
        ),
        ("isv.SMS_CONTENT_ILLEGAL", "The message holds content that may not be sent.", _REWORD),
        (
            "isv.UNSUPPORTED_CONTENT",
            "The message holds characters that cannot be sent, such as emoji, traditional characters or rare symbols.",
            _REWORD,
        ),
        (
            "isv.SMS_CONTENT_MISMATCH_TEMPLATE_TYPE",
            "The text does not fit the template's type: a notification template may not carry advertising.",
            "Send advertising with a promotion template, whose text ends with 拒收请回复R.",
        ),
        (
            "isv.EXTEND_CODE_ERROR",
            "The same extension code was used with several signs.",
            "Use a different extension code for each sign, or leave it out.",
        ),
        (
            "isv.ONE_CODE_MULTIPLE_SIGN",
            "This extension code was used with another sign before.",
            _EXTEND_CODES,
        ),
        ("isv.CODE_EXCEED_LIMIT", "The account has used up its own extension codes.", _EXTEND_CODES),
        ("isv.CODE_ERROR", "The extension code has too many digits to be used.", _EXTEND_CODES),
    ),
)

_RECIPIENTS: Final = rows(
    "aliyun",
    "refused",
    "never",
    (
        (
            "isv.MOBILE_NUMBER_ILLEGAL",
            "A phone number has the wrong form.",
            "Write a mainland number as 11 digits, with or without +86, and any other as country code and number.",
        ),
        (
            "isv.MOBILE_COUNT_OVER_LIMIT",
            "One request named too many phone numbers.",
            "Send at most 1000 numbers a request with `smswrap send`, 100 with `smswrap send-batch`.",
        ),
        (
            "isv.BLACK_KEY_CONTROL_LIMIT",
            "The number is blacklisted after an opt-out or a complaint; on older pages: a variable has a banned word.",
            "Take the number off the list of recipients; if it never opted out, look at the values of the variables.",
        ),
        ("isv.CUSTOMER_REFUSED", "The recipient has opted out of promotions.", _DROP),
        (
            "isv.DOMESTIC_NUMBER_NOT_SUPPORTED",
            "A template for international messages cannot be sent to a mainland number.",
            "Send with a domestic template; `smswrap list-templates --approved` shows each template's type.",
        ),
        (
            "isv.DENY_IP_RANGE",
            "The request came from an address outside mainland China, which may not send domestic messages.",
            "Run the command on a machine whose public address is in mainland China.",
        ),
        ("isv.SMS_TEST_NUMBER_LIMIT", "A test sign or template sends only to numbers bound for tests.", _TEST_SENDS),
        (
            "isv.SMS_TEST_SIGN_TEMPLATE_LIMIT",
            "A test sign works only with a test template, and the other way round.",
            "Use a test sign with a test template, or an approved sign with an approved template.",
        ),
        (
            "isv.SMS_TEST_TEMPLATE_PARAMS_ILLEGAL",
            "The variable of a test template takes 4-6 digits only.",
            "Give the variable a value of 4-6 digits and send again.",
        ),
    ),
)

_ACCOUNT: Final = rows(
    "aliyun",
    "refused",
    "never",
    (
        ("isv.AMOUNT_NOT_ENOUGH", "The account's balance or package does not cover this send.", _TOP_UP),
        ("isv.OUT_OF_SERVICE", "The SMS service has been stopped because the account is in arrears.", _TOP_UP),
        ("isv.PRODUCT_UN_SUBSCRIPT", "The account has not activated Alibaba Cloud's messaging services.", _ACTIVATE),
        ("isv.PRODUCT_UNSUBSCRIBE", "The account has not activated the product of this API.", _ACTIVATE),
        (
            "isv.ACCOUNT_ABNORMAL",
            "The account is in an abnormal state, as the billing service sees it.",
            f"Look at the account's billing at {ALIYUN_CONSOLE} and give support the RequestId of the reply.",
        ),
        (
            "isv.SECURITY_FROZEN_ACCOUNT",
            "The account was not used for long, so its sending has been blocked for safety.",
            "Ask Alibaba Cloud's account manager or support to unblock sending.",
        ),
        (
            "isv.*",
            "Alibaba Cloud refused the request for a reason on the caller's side.",
            "Read the reply's Message and https://help.aliyun.com/document_detail/101346.html. " + SUPPORT,
        ),
    ),
)

_CREDENTIALS: Final = rows(
    "aliyun",
    "credentials",
    "never",
    (
        (
            "isv.ACCOUNT_NOT_EXISTS",
            "The account of this AccessKey does not exist.",
            "Run `smswrap doctor` to see which profile is used, and give it an AccessKey of the right account.",
        ),
        ("isp.RAM_PERMISSION_DENY", "The RAM user may not do this.", GRANT),
    ),
)

_THROTTLED: Final = rows(
    "aliyun",
    "throttled",
    "later",
    (
        (
            "isv.BUSINESS_LIMIT_CONTROL",
            "The number has had as many messages as one window allows.",
            _WAIT_FOR_THE_WINDOW,
        ),
        (
            "isv.DAY_LIMIT_CONTROL",
            "The account has sent as many messages as its own limit for a day allows.",
            _WAIT_FOR_THE_DAY,
        ),
        (
            "isv.MONTH_LIMIT_CONTROL",
            "The account has sent as many messages as its own limit for a month allows.",
            f"Wait for the next month, or raise the monthly total (domestic security settings) at {ALIYUN_CONSOLE}.",
        ),
    ),
)

# No page says whether a message was taken before these faults, so none of them may invite a resend.
_UNKNOWN: Final = rows(
    "aliyun",
    "unknown",
    "after-receipt",
    (
        (
            "isp.SYSTEM_ERROR",
            "Alibaba Cloud's system failed inside; a send may or may not have been taken.",
            RECEIPT_FIRST,
        ),
        (
            "isp.GATEWAY_ERROR",
            "Alibaba Cloud's API could not call its sending module; a send may or may not have been taken.",
            RECEIPT_FIRST,
        ),
        ("isp.*", "Alibaba Cloud failed on its own side; a send may or may not have been taken.", RECEIPT_FIRST),
    ),
)

# No failure has this code; its kind is the one that never invites a resend.
_SUCCESS: Final = rows(
    "aliyun",
    "unknown",
    "never",
    (
        (
            "OK",
            "Alibaba Cloud took the request; for a send that is not yet delivery.",
            "Run `smswrap query-status -p NUMBER` to see whether a message was delivered.",
        ),
    ),
)

ROWS: Final = _SIGNS + _TEMPLATES + _RECIPIENTS + _ACCOUNT + _CREDENTIALS + _THROTTLED + _UNKNOWN + _SUCCESS
