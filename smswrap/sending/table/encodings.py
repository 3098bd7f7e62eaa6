"""Which encoding a text file has: UTF-8 and UTF-16 are certain, GB18030 where it reads as Chinese, others are named."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, NamedTuple

from smswrap.sending.oddities import is_common
from smswrap.sending.table.cells import file_error

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from smswrap.errors import InputError

LONGEST_LINE = 1_000_000
"""Characters of a line or a cell that are read at all; what a provider takes is far below."""

_CHUNK = 1 << 16
_SAMPLE = 1 << 14
"""Bytes that are not ASCII, which tell the encoding, that are looked at."""

MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
SAVE = "Save it again, as CSV in UTF-8"

_HEADERS = re.compile("手机|电话|号码|姓名|验证码|签名|联系人|客户|名称|地址|金额|日期|时间|订单|单号|备注|编号|序号")
"""What stands above the columns of Chinese lists: another code page never reads so by chance."""
_CHINESE = re.compile("[\u3000-\u9fff\uff00-\uffef]")
_FREQUENT = frozenset(
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所"
    "民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日"
    "那社义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想"
    "已通并提直题党程展五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见计别她手角期根论运农指"
    "王李张刘陈杨黄赵周吴徐孙胡朱林何郭马罗梁宋郑谢韩唐冯董萧曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范"
    "方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易武乔贺赖龚文伟芳娜敏静丽强磊军洋勇艳杰娟涛超秀霞平刚桂英"
    "华慧建国红梅玉兰婷波宇浩轩子涵欣怡佳雪琳志鹏飞宁海燕您尊敬先生女士客户验证码订单快递店商城市区县省北京上海广州深圳东南西门"
)
"""Characters that are frequent in lists of Chinese people and things."""
_ENOUGH_COMMON, _ENOUGH_LETTERS = 0.85, 0.3

_ASCII = bytes(range(0x80))
_SCRIPTS = {
    "cp1252": "ÄÖÜäöüßàâçéèêëîïôùûñáíóúãõåøæÅØÆÉ",
    "cp1251": "абвгдежзийклмнопрстуфхцчшщъыьэюяАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЭЮЯ",
    "shift_jis": "\u3041-\u30ff",
    "euc_kr": "\uac00-\ud7a3",
    "big5": "的一是在不了有和人這中大為上個國我以要他時來用們生到作姓名電話號碼手機王李張劉陳楊黃趙周吳林",
}
"""What a guess should see much of: letters of the scripts that these code pages are used for."""


class Encoding(NamedTuple):
    """An encoding that the whole file has, and whether somebody should be told of it."""

    name: str
    told: bool = False


class _Fault(NamedTuple):
    """Where a file is not of an encoding, and whether Chinese stood before that."""

    position: int
    chinese: bool


def find_encoding(name: str, read: Callable[[], BinaryIO], head: bytes, given: str | None = None) -> Encoding:
    """Give the encoding of the whole file, which `read` opens. Raises InputError if there is a doubt."""
    if given is not None:
        return _checked(name, read, given)
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)) and head[:2] != b"\xff\xfe\x00":
        return _checked(name, read, "utf-32")
    marked = next((found for mark, found in MARKS.items() if head.startswith(mark)), None)
    if marked is None and (wide := _unmarked(head)):
        step = f"{SAVE}, or add --encoding {wide}."
        raise file_error(name, f"is not UTF-8: it looks like {wide.upper()[:6]} without a mark", step)
    fault = _find_fault(name, read, marked or "utf-8")
    if fault is None:
        return Encoding(marked or "utf-8", told=marked == "utf-16")
    sample = _sample(read)
    # UTF-8 with one broken byte is often valid GB18030 by chance: if Chinese was read before that byte, it is UTF-8.
    if not marked and not fault.chinese and _find_fault(name, read, "gb18030") is None and _reads_as_chinese(sample):
        return Encoding("gb18030", told=True)
    raise _refusal(name, fault, sample, marked)


def _checked(name: str, read: Callable[[], BinaryIO], given: str) -> Encoding:
    try:
        known = codecs.lookup(given)
        b"\0\0\0\0".decode(given)  # codecs that are not of texts, as base64, are in the same list
    except (LookupError, ValueError):
        step = "Name one of Python's, such as gb18030, big5, cp1252 or shift_jis."
        raise file_error(name, f"cannot be read: there is no encoding {given[:40]!r}", step) from None
    fault = _find_fault(name, read, known.name)
    if fault is not None:
        rule = f"is not {known.name}: byte {fault.position + 1} is wrong"
        raise file_error(name, rule, "Name another --encoding, or leave it out.")
    return Encoding(known.name, told=known.name != "utf-8")


def _refusal(name: str, fault: _Fault, sample: bytes, marked: str | None) -> InputError:
    if marked or fault.chinese:
        rule = f"is {'UTF-16' if marked == 'utf-16' else 'UTF-8'} with a fault: byte {fault.position + 1} is wrong"
        return file_error(name, rule, f"{SAVE}.")
    rule = f"is neither UTF-8 nor certainly Chinese: byte {fault.position + 1} is wrong"
    likely = [f"if it is {guess}, add --encoding {guess}" for guess in _guesses(sample)]
    return file_error(name, rule, f"{SAVE}; {'; '.join(likely) or 'or name it, as --encoding cp1252'}.")


def _unmarked(head: bytes) -> str | None:
    """UTF-16 without a mark, which is named and never taken: its ASCII has a NUL in every other byte."""
    before, behind = head[::2].count(0), head[1::2].count(0)
    name = "utf-16-be" if before > behind else "utf-16-le"
    text = head[: len(head) // 2 * 2].decode(name, "ignore")
    # A line end and a digit or letter at the least; in UTF-8, a stray NUL makes no such pairs.
    return name if before + behind > 1 and "\0" not in text and re.search("[\r\n]", text) else None


def _find_fault(name: str, read: Callable[[], BinaryIO], encoding: str) -> _Fault | None:
    """Decode the whole file: None if it is valid, else where it is not."""
    decoder = codecs.getincrementaldecoder(encoding)()
    lines, position, chinese, length = 1, 0, False, 0
    with read() as stream:
        while True:
            chunk = stream.read(_CHUNK)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                before = error.object[: error.start].decode(encoding, "ignore")
                start = position + len(chunk) - len(error.object) + error.start
                return _Fault(start, chinese or bool(_CHINESE.search(before)))
            _refuse_nul(name, text, lines)
            length = _line_length(name, text, length)
            if not chunk:
                return None
            chinese = chinese or (not text.isascii() and bool(_CHINESE.search(text)))
            lines += text.count("\n")
            position += len(chunk)


def _line_length(name: str, text: str, before: int) -> int:
    """The length of the last line, which may go on; lines within a chunk are short enough."""
    ends = max(text.rfind("\n"), text.rfind("\r"))
    first = min(found for found in (text.find("\n"), text.find("\r"), len(text)) if found >= 0)
    if before + first > LONGEST_LINE:
        raise file_error(name, f"has a line of over {LONGEST_LINE} characters")
    return len(text) - ends - 1 if ends >= 0 else before + len(text)


def _refuse_nul(name: str, text: str, lines: int) -> None:
    if "\0" not in text:
        return
    line = lines + text.count("\n", 0, text.index("\0"))
    raise file_error(name, f"is not text: line {line} holds a NUL byte", f"{SAVE}.")


def _sample(read: Callable[[], BinaryIO]) -> bytes:
    """The first lines, and the lines after them that are not ASCII."""
    kept = bytearray()
    with read() as stream:
        for line in stream:
            if not line.isascii():
                kept += line[:_SAMPLE]
            if len(kept) >= _SAMPLE:
                break
    return bytes(kept)


def _reads_as_chinese(sample: bytes) -> bool:
    """Whether bytes that are valid GB18030 are Chinese, and not another code page that happens to be valid."""
    text = sample.decode("gb18030", "ignore")
    if _HEADERS.search(text):
        return True
    if not sample.translate(None, _ASCII + bytes(range(0xC0, 0xE0))):
        return False  # words in capitals of Cyrillic and Greek code pages
    foreign = [char for char in text if not char.isascii()]
    common = [char for char in foreign if is_common(char)]
    hanzi = [char for char in common if "\u4e00" <= char <= "\u9fff"]
    frequent = [char for char in hanzi if char in _FREQUENT]
    # One frequent character again and again proves nothing: it may be a short word of another code page.
    return len(common) >= _ENOUGH_COMMON * len(foreign) and 2 * len(frequent) > len(hanzi) and len(set(frequent)) > 1


def _guesses(sample: bytes) -> list[str]:
    """The code pages that the bytes most look like, for a hint: GB18030 if it may be, and the best of the others."""
    shares: dict[str, float] = {}
    for encoding, letters in _SCRIPTS.items():
        try:
            text = sample.decode(encoding)
        except UnicodeDecodeError:
            continue
        foreign = [char for char in text if not char.isascii()]
        shares[encoding] = len(re.findall(f"[{letters}]", text)) / len(foreign) if foreign else 0.0
    best = max(shares, key=lambda encoding: shares[encoding], default="")
    others = [best] if shares.get(best, 0) >= _ENOUGH_LETTERS else []
    chinese = sample.decode("gb2312", "replace")
    if "\ufffd" in chinese:
        return others
    return ["gb18030", *others] if all(map(is_common, chinese)) else [*others, "gb18030"]
