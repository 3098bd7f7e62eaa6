"""dysmsapi's own spellings turned into ours: the one place that knows its traps.

Sources: facts sheet §1.3-1.11 (SDK models of dysmsapi 2017-05-25). The traps: states as AUDIT_STATE_* (with a misspelt
AUDIT_SATE_CANCEL), as int and as string; two numberings of template types; counts as strings; arrays in two levels;
two names of one state in the two qualification APIs. What is read from which key says fields.tsv, and words.tsv
what states and types mean.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from smswrap.patterns import pattern
from smswrap.providers import records
from smswrap.providers.reading import as_object, boolean, count, field_reader, items, number, rate, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smswrap.providers.base import Body

PERSONAL = (
    *("OrganizationCode", "LegalPersonName", "LegalPersonIDCardNo", "LegalPersonIDCardType"),
    *("LegalPersonIdCardEffTime", "AdminName", "AdminPhoneNo", "AdminIDCardNo", "AdminIDCardType"),
    *("AdminIDCardExpDate", "AdminIDCardFrontFace", "AdminIDCardPic", "BusinessLicensePics", "OtherFiles"),
)
"""Keys of identities, phones and pictures."""

VARIABLE = pattern(r"\$\{([^${}]*)\}")


def sent(body: Body) -> records.Sent:
    """SendSms, SendBatchSms."""
    return records.Sent(text(body.get("BizId")))


def signs(body: Body) -> records.Signs:
    """QuerySmsSignList."""
    found = (records.Sign(**_listed("listed_sign", item)) for item in items(body.get("SmsSignList")))
    return records.Signs(tuple(found), *_page(body, "TotalCount", "CurrentPage"))


def sign(body: Body) -> records.Sign:
    """GetSmsSign: one sign with its registration at each carrier."""
    carriers = (
        records.Registration(**_fields("registration", one)) for one in items(body.get("SignIspRegisterDetailList"))
    )
    return records.Sign(**_fields("sign", body), registration=tuple(carriers))


def templates(body: Body) -> records.Templates:
    """QuerySmsTemplateList."""
    found = tuple(map(_listed_template, items(body.get("SmsTemplateList"))))
    return records.Templates(found, *_page(body, "TotalCount", "CurrentPage"))


def template(body: Body) -> records.Template:
    """GetSmsTemplate."""
    return records.Template(**_fields("template", body))


def receipts(body: Body) -> records.Receipts:
    """QuerySendDetails; it tells no page."""
    found = items(as_object(body.get("SmsSendDetailDTOs")).get("SmsSendDetailDTO"))
    return records.Receipts(
        tuple(records.Receipt(**_fields("receipt", item)) for item in found), count(body.get("TotalCount"))
    )


def statistics(body: Body) -> records.Statistics:
    """QuerySendStatistics; counts are billed parts, not recipients."""
    data = as_object(body.get("Data"))
    days = tuple(map(_day, items(data.get("TargetList"))))
    return records.Statistics("parts", days, totals(days), count(data.get("TotalSize")))


def totals(days: Iterable[records.Day]) -> records.Counts:
    """Add days up."""
    counts = [(day.sent, day.delivered, day.failed, day.no_receipt) for day in days]
    sent_out, delivered, failed, no_receipt = (sum(column) for column in zip((0, 0, 0, 0), *counts, strict=True))
    return records.Counts(sent_out, delivered, failed, no_receipt, rate(delivered, sent_out))


def qualifications(body: Body) -> records.Qualifications:
    """QuerySmsQualificationRecord."""
    data = as_object(body.get("Data"))
    found = tuple(map(_listed_qualification, items(data.get("List"))))
    return records.Qualifications(found, *_page(data, "Total", "PageNo"))


def qualification(body: Body) -> records.Qualification:
    """QuerySingleSmsQualification."""
    data = as_object(body.get("Data"))
    personal = {_snake(key): data[key] for key in PERSONAL if key in data}
    return records.Qualification(**_fields("qualification", data), personal=personal)


def variables(content: object) -> tuple[str, ...]:
    """The names in a template's `${...}`, each once, in order."""
    found = VARIABLE.findall(content if isinstance(content, str) else "")
    return tuple(dict.fromkeys(name.strip() for name in found))


def moment(value: object) -> str | None:
    """`2026-03-26 10:00:00`, which means Asia/Shanghai, as ISO 8601 with its offset; anything else as is."""
    if not isinstance(value, str) or not value:
        return None
    return f"{value.replace(' ', 'T')}+08:00" if re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", value) else value


def _rules(value: object) -> dict[str, str]:
    """What the provider demands of a template's variables, from the JSON text of VariableAttribute."""
    try:
        found = json.loads(value) if isinstance(value, str) else {}
    except (ValueError, RecursionError):
        return {}
    return {name: rule for name, rule in as_object(found).items() if isinstance(rule, str)}


def _reasons(value: object) -> tuple[str, ...]:
    """What a carrier says of a registration: descriptions, or a code where there are none."""
    found: list[object] = []
    for reason in items(value):
        described = reason.get("ReasonDescList")
        found += described if isinstance(described, list) and described else [reason.get("ReasonCode")]
    return tuple(one for one in map(text, found) if one)


_fields = field_reader(
    __file__,
    {
        "text": text,
        "number": number,
        "count": count,
        "boolean": boolean,
        "moment": moment,
        "variables": variables,
        "rules": _rules,
        "reasons": _reasons,
    },
)


def _listed(thing: str, item: Body) -> Any:  # noqa: ANN401  the fields of a record
    # Approved items carry a "no remarks" text in their list, which is no reason.
    fields = _fields(thing, item)
    return fields if fields["state"] == "rejected" else {**fields, "reason": None}


def _listed_template(item: Body) -> records.Template:
    # OuterTemplateType numbers as every other operation does; TemplateType of this list alone numbers otherwise.
    fields = _listed("listed_template", item)
    return records.Template(**{**fields, "type": fields["type"] or _fields("type_in_list", item)["type"]})


def _day(item: Body) -> records.Day:
    fields = _fields("day", item)
    return records.Day(**fields, delivery_rate=rate(fields["delivered"], fields["sent"]))


def _listed_qualification(item: Body) -> records.Qualification:
    personal = {"legal_person_name": item.get("LegalPersonName")}
    return records.Qualification(**_fields("listed_qualification", item), personal=personal)


def _page(body: Body, total: str, page: str) -> tuple[int, int | None, int | None]:
    return count(body.get(total)), number(body.get(page)), number(body.get("PageSize"))


def _snake(key: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", key.replace("IdCard", "IDCard")).lower()
