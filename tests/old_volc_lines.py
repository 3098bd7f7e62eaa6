"""Command lines of the old volc_sms.py (1.2.0), what it did with them (measured), and what ours does.

`references/drop-in.md` shows the table; `python tests/old_lines.py` writes it there, and a test keeps it true.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

Body = dict[str, Any]


class VolcLine(NamedTuple):
    """A command line: the exit codes of the old script and of ours, and the request's fields (None: no request).

    Where `why` is empty, it means what it meant; else it says why it does not.
    """

    words: str
    old: int
    ours: int
    body: Body | None = None
    why: str = ""


GROUP: Body = {"SubAccount": "77da1acf"}
LOGGED: Body = {**GROUP, "Page": 1, "PageSize": 100}
TIMES: Body = {"FromTime": 1773113285, "ToTime": 1773213285}
COUNTED: Body = {"StartTime": 1773113285, "EndTime": 1773213285}
LISTED: Body = {"Page": 1, "PageSize": 20}
LOG = "list_sms_send_log --sub-account 77da1acf"
WITHIN = "--from-time 1773113285 --to-time 1773213285"
COUNT = "list_total_send_count_stat --start-time 1773113285 --end-time 1773213285"
TO = "send_sms --sub-account 77da1acf --signature 火山引擎 --template-id ST_code --mobiles"
MARKET = "send_sms --sub-account 88eb2bd0 --signature 沙盒免审 --template-id ST_market"
MARKETED: Body = {
    "SubAccount": "88eb2bd0",
    "Signature": "沙盒免审",
    "TemplateId": "ST_market",
    "Mobiles": "13987654321",
}
SEND = f"{TO} 13987654321"
CODE = """--template-param '{"code":"888888"}'"""
TWENTY = "20 a page, as the skill says; the old script asked for 100; stderr tells of more"
IGNORED = "an option of another action is still ignored, and now told"
TEXTS = "every value is a string that is not empty; numbers are turned into strings"


def sent(mobiles: str = "13987654321", **parameters: str) -> Body:
    """The request of a send."""
    body = {**GROUP, "Signature": "火山引擎", "TemplateId": "ST_code", "Mobiles": mobiles}
    text = json.dumps(parameters or {"code": "888888"}, separators=(",", ":"))
    return {**body, "TemplateParam": text}


VOLC_LINES = (
    # What means what it meant
    VolcLine("list_sub_account", 0, 0, {}),
    VolcLine("list_sub_account --sub-account-name ''", 0, 0, {}),
    VolcLine("list_sub_account --sub-account-n x", 0, 0, {"SubAccountName": "x"}),
    VolcLine(LOG, 0, 0, LOGGED),
    VolcLine(f"{LOG} --from-time 1773113285", 0, 0, {**LOGGED, "FromTime": 1773113285}),
    VolcLine(f"{LOG} --message-id m1", 0, 0, {**LOGGED, "MessageId": "m1"}),
    VolcLine(
        f"{LOG} --from-time 1773113285 --to-time 1773113285", 0, 0, {**LOGGED, **TIMES, "ToTime": TIMES["FromTime"]}
    ),
    VolcLine(f"{LOG} --from 1773113285 --to ' 1773213285 '", 0, 0, {**LOGGED, **TIMES}),
    VolcLine(f"{LOG} {WITHIN} --mobile 8613987654321", 0, 0, {**LOGGED, **TIMES, "Mobile": "13987654321"}),
    VolcLine(f"{LOG} {WITHIN} --mobile '' --template-id '' --message-id ''", 0, 0, {**LOGGED, **TIMES}),
    VolcLine(f"--sub-account 77da1acf list_sms_send_log {WITHIN}", 0, 0, {**LOGGED, **TIMES}),
    VolcLine(COUNT, 0, 0, COUNTED),
    VolcLine(f"{COUNT} --sub-account ''", 0, 0, COUNTED),
    VolcLine("list_signature --signature a --signature b --page-size 20", 0, 0, {**LISTED, "Signature": "b"}),
    VolcLine(f"{SEND} {CODE}", 0, 0, sent()),
    VolcLine(f'{SEND} --template-p \'{{"code":"888888"}}\'', 0, 0, sent()),
    VolcLine(f"{MARKET} --mobiles 13987654321 --template-param ''", 0, 0, MARKETED),
    VolcLine(f"{TO} 8613987654321 {CODE}", 0, 0, sent()),
    VolcLine(f"{TO} 008613987654321 {CODE}", 0, 0, sent()),
    VolcLine(f"{TO} '139 8765 4321' {CODE}", 0, 0, sent()),
    VolcLine(f"{TO} 13987654321, {CODE}", 0, 0, sent()),
    VolcLine(f"{TO} '13987654321, 13987654322' {CODE}", 0, 0, sent("13987654321,13987654322")),
    # What is different by design
    VolcLine("list_signature", 0, 0, LISTED, TWENTY),
    VolcLine("list_signature --signature 火山引擎", 0, 0, {**LISTED, "Signature": "火山引擎"}, TWENTY),
    VolcLine("list_signature --sub-accounts a,", 0, 0, {**LISTED, "SubAccounts": ["a"]}, TWENTY),
    VolcLine("list_sms_template --signatures 火山引擎", 0, 0, {**LISTED, "Signatures": ["火山引擎"]}, TWENTY),
    VolcLine("list_sub_account --page 1 --page-size 10", 0, 0, {}, IGNORED),
    VolcLine(f"{COUNT} --page 1", 0, 0, COUNTED, IGNORED),
    VolcLine(f"{SEND} {CODE} --mobile 13987654322", 0, 0, sent(), IGNORED),
    VolcLine(f"{SEND} {CODE} --account acc1", 0, 0, sent(), "the API has no field for it, and it is not sent"),
    VolcLine(
        f"{TO} 85261234567 {CODE}",
        0,
        0,
        sent("+85261234567"),
        "a mobile abroad goes out with its plus, told",
    ),
    VolcLine(f"{TO} 442079460000 {CODE}", 0, 2, None, "a fixed line without its plus may be another's number"),
    VolcLine(
        f"{TO} 13987654321,13987654321 {CODE}", 0, 0, sent(), "a recipient that stands twice is sent to once, and told"
    ),
    VolcLine(f"{SEND} --template-param '{{\"code\":888888}}'", 0, 0, sent(), TEXTS),
    VolcLine(f'{SEND} --template-param \'{{"code":{{"a":"b"}}}}\'', 0, 2, None, TEXTS),
    VolcLine(f"{SEND} --template-param '{{\"code\":true}}'", 0, 2, None, TEXTS),
    VolcLine(f'{SEND} --template-param \'{{"code":""}}\'', 0, 2, None, f"{TEXTS} (alone, it is sent)"),
    VolcLine(f"{TO} 13800138000 {CODE}", 0, 2, None, "an example number of the documentation is a stranger's phone"),
    VolcLine(f"{LOG} --from-time 1_773_113_285 --to-time 1773213285", 0, 2, None, "digits only"),
    VolcLine(
        "list_sub_account --access-key AKLTexample --secret-key c2VjcmV0",
        0,
        2,
        None,
        "everybody on the machine can read a command line",
    ),
)
