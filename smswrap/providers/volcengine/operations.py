"""The actions of version 2026-01-01, a row each, by the names that volc_sms.py has for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smswrap.errors import InputError
from smswrap.providers.base import Operation, Paging
from smswrap.providers.parameters import Parameter
from smswrap.providers.volcengine import normalise
from smswrap.providers.volcengine.times import FORMS, stretch

if TYPE_CHECKING:
    from collections.abc import Mapping

NEEDS_GROUP = frozenset({"send", "query-status"})
"""Verbs whose action cannot do without a message group (SubAccount)."""


def _one_stretch(values: Mapping[str, Any]) -> None:
    start, end, day = (values.get(key) for key in ("from_time", "to_time", "send_date"))
    if end is not None and start is None:
        raise InputError.of("--to-time", end, "needs --from-time beside it", "Add --from-time.")
    if start is not None and day is not None:
        step = "Give a day, or --from-time and --to-time."
        raise InputError.of("--send-date", day, "cannot be combined with --from-time", step)
    first, last = stretch(values)
    if first >= last:
        raise InputError.of("--from-time", str(start), "does not lie before the end", "Give an earlier --from-time.")


def _ordered_dates(values: Mapping[str, Any]) -> None:
    start, end = values["start_date"], values["end_date"]
    if start > end:
        rule = f"lies after --end-date {end}"
        raise InputError.of("--start-date", start, rule, "Give a start date that is not after the end date.")


# A verb's options are one list for all providers (cli/query.py): the same word keeps its short forms, and its help has
# to be true of every provider.
_PAGE_SIZE = Parameter(
    "page-size", "--page-size", "Items per page, 1-100 (aliyun 1-50).", "integer", low=1, high=100, default=50
)
_GROUP_HELP = "Volcengine's message group"
_GROUP = Parameter("message-group", "--sub-account", f"{_GROUP_HELP}; needed if the account has several.")
_GROUP_FILTER = Parameter("message-group", "--sub-accounts", f"Only of this one of {_GROUP_HELP}s.")


def _page(alias: str) -> Parameter:
    return Parameter("page", "--page", "Page, from 1.", "integer", low=1, default=1, short=(alias,))


def _sign(wire: str, text: str) -> Parameter:
    return Parameter("sign-name", wire, text, short=("-s",))


def _template(text: str) -> Parameter:
    return Parameter("template-code", "--template-id", text, short=("-t",))


_ROWS = (
    Operation(
        verb="send",
        name="send_sms",
        kind="send",
        help="Send one text to up to 200 recipients.",
        action="volcSMS:SendSmsForAgent",
        parameters=(
            Parameter("phone-numbers", "--mobiles", "Recipients.", required=True, private=True),
            Parameter("sign-name", "--signature", "The sign's name.", required=True, short=("-s",)),
            Parameter("template-code", "--template-id", "The template's code.", required=True, short=("-t",)),
            Parameter("template-param", "--template-param", "Template parameters as a JSON object.", private=True),
            _GROUP,
        ),
        normalise=normalise.sent,
        example="smswrap --provider volcengine send -p 13812345678 -s 我的签名 -t ST_123456 --var code=123456",
    ),
    Operation(
        verb="list-groups",
        name="list_sub_account",
        kind="read",
        help="List the account's message groups.",
        action="volcSMS:ListSubAccountForAgent",
        parameters=(Parameter("group-name", "--sub-account-name", "Only groups whose name holds this."),),
        normalise=normalise.groups,
        example="smswrap --provider volcengine list-groups",
        columns=("group", "name"),
        listed="groups",
    ),
    Operation(
        verb="list-signs",
        name="list_signature",
        kind="read",
        help="List the account's signs, their states and message groups.",
        action="volcSMS:ListSignatureForAgent",
        parameters=(
            _page("--page-index"),
            _PAGE_SIZE,
            _sign("--signature", "Volcengine: only signs whose name holds this."),
            _GROUP_FILTER,
        ),
        normalise=normalise.signs,
        paging=Paging("page", "page_size", "signs"),
        example="smswrap --provider volcengine list-signs --approved --all",
        columns=("sign", "state", "usage", "groups", "reason"),
        listed="signs",
        stateful=True,
    ),
    Operation(
        verb="list-templates",
        name="list_sms_template",
        kind="read",
        help="List the account's templates, their states, variables and signs.",
        action="volcSMS:ListSmsTemplateForAgent",
        parameters=(
            _page("--page-index"),
            _PAGE_SIZE,
            _template("Volcengine: only templates whose code holds this."),
            _sign("--signatures", "Volcengine: only templates of this sign."),
            _GROUP_FILTER,
        ),
        normalise=normalise.templates,
        paging=Paging("page", "page_size", "templates"),
        example="smswrap --provider volcengine list-templates --approved --all",
        columns=("template", "name", "type", "state", "variables", "signs", "groups", "reason"),
        listed="templates",
        stateful=True,
    ),
    Operation(
        verb="query-status",
        name="list_sms_send_log",
        kind="read",
        help="Show the messages of one day or stretch of time, and their receipts.",
        action="volcSMS:ListSmsSendLogForAgent",
        parameters=(
            Parameter(
                "phone-number",
                "--mobile",
                "The recipient (aliyun: required).",
                "phone",
                private=True,
                short=("-p", "--phone-numbers"),
            ),
            Parameter(
                "send-date", "", "Day of the send, 2026-01-31 or 20260131 (aliyun: within 30 days); today.", "date"
            ),
            Parameter("from-time", "--from-time", f"Volcengine: sent from this time: {FORMS}."),
            Parameter("to-time", "--to-time", "Volcengine: sent up to this time, in the same forms; now."),
            Parameter("biz-id", "--message-id", "Only the request with this BizId; Volcengine: this MessageId."),
            _template("Volcengine: only messages of this template."),
            _sign("--signature", "Volcengine: only messages of this sign."),
            _GROUP,
            _PAGE_SIZE,
            _page("--current-page"),
        ),
        normalise=normalise.receipts,
        paging=Paging("page", "page_size", "messages"),
        rules=(_one_stretch,),
        example="smswrap --provider volcengine query-status -p 13812345678 --send-date 20260326 --wait",
        columns=("recipient", "receipt", "code", "meaning", "sent_at", "received_at", "content"),
        awaited=True,
    ),
    Operation(
        verb="query-statistics",
        name="list_total_send_count_stat",
        kind="read",
        help="Count what was sent, delivered and failed from the first day to the last.",
        action="volcSMS:ListTotalSendCountStatForAgent",
        parameters=(
            Parameter(
                "start-date", "--start-time", "First day, 2026-01-31 or 20260131; a week before the last.", "date"
            ),
            Parameter("end-date", "--end-time", "Last day; today.", "date"),
            _sign("--signature", "Only this sign."),
            _template("Volcengine: only this template."),
            Parameter(
                "template-type",
                "--channel-type",
                "0 verification, 1 notification, 2 promotion; aliyun also 3 international, 7 digital.",
                "integer",
                low=0,
                choices=("0", "1", "2"),
            ),
            Parameter("message-group", "--sub-account", f"Only {_GROUP_HELP} of this id."),
        ),
        normalise=normalise.statistics,
        rules=(_ordered_dates,),
        example="smswrap --provider volcengine query-statistics --start-date 20260301 --end-date 20260326",
    ),
)

OPERATIONS: Mapping[str, Operation] = {row.verb: row for row in _ROWS}

TEXTS = Operation(
    verb="",
    name="list_second_template",
    kind="read",
    help="Show a template's text.",
    action="volcSMS:ListSecondTemplate",
    parameters=(
        _template("The template."),
        Parameter("sign-name", "--signatures", "The form for this sign."),
    ),
    normalise=normalise.texts,
)
"""Not a verb of its own: plans show the text."""

ACCOUNT = Operation("", "show_account", "read", "Show who would call.", "", (), normalise=dict)
"""Nobody is asked: the script tells which keys it would use."""
