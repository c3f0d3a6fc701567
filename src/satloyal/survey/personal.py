"""Personal data: columns that identify people and have no place in an analysis table."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from satloyal.survey.distinct import distinct

__all__ = ["looks_personal", "mentions_contact", "personal_by_content", "personal_by_name"]

NAMES = frozenset(
    {
        *("ip", "ipaddress", "ipaddr", "来自ip", "email", "emailaddress", "mail"),
        *("mailaddress", "recipientemail", "邮箱", "电子邮箱", "电邮", "電郵"),
        *("firstname", "lastname", "fullname", "surname", "name", "givenname"),
        *("familyname", "respondentname", "customername", "recipientfirstname"),
        *("recipientlastname", "username", "姓名", "昵称", "暱稱", "名字"),
        *("phone", "phonenumber", "telephone", "telephonenumber", "mobilephone"),
        *("mobilenumber", "mobilephonenumber", "cellphone", "tel", "手机", "手机号"),
        *("手机号码", "手機", "電話", "电话", "联系电话", "联系方式"),
        *("latitude", "longitude", "locationlatitude", "locationlongitude", "lat", "lon"),
        *("lng", "gps", "coordinates", "经度", "纬度", "經度", "緯度", "address"),
        *("streetaddress", "postaladdress", "地址", "useragent", "ua", "用户标识"),
        *("身份证", "身份证号"),
    }
)
"""Column names that say what they hold, without case, spaces and punctuation."""

_EMAIL = r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}"
_WHOLE = re.compile(rf"(?:mailto:)?{_EMAIL}|(?:\d{{1,3}}\.){{3}}\d{{1,3}}(?:\(.*\))?", re.IGNORECASE)
_PART = re.compile(_EMAIL)


def personal_by_name(name: str) -> bool:
    """Return whether a column's name alone says that it holds personal data.

    Examples
    --------
    >>> [personal_by_name(n) for n in ("IP Address", "RecipientEmail", "姓名", "Brand name", "SAT1")]
    [True, True, True, False, False]
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(c for c in folded if c.isalnum()) in NAMES


def personal_by_content(cells: Iterable[Any]) -> bool:
    """Return whether any cell is, as a whole, an e-mail address or an IP address.

    Examples
    --------
    >>> personal_by_content(["a@example.org", None]), personal_by_content(["4", "see 1.2.3", "Fine"])
    (True, False)
    """
    return any(isinstance(cell, str) and _WHOLE.fullmatch(cell.strip()) for cell in cells)


def looks_personal(name: str, column: pd.Series[Any]) -> bool:
    """Return whether a column holds personal data, by its name or by what stands in it.

    Examples
    --------
    >>> looks_personal("Contact", pd.Series(["a@example.org", None]))
    True
    >>> looks_personal("SAT1", pd.Series([4, 5]))
    False
    """
    if personal_by_name(name):
        return True
    if pd.api.types.is_numeric_dtype(column.dtype):
        return False
    return personal_by_content(column.dropna().astype(object).unique())


def mentions_contact(column: pd.Series[Any]) -> int:
    """Return how many cells of free text mention an e-mail address somewhere inside."""
    told = distinct(column)
    if told is None:
        return sum(isinstance(cell, str) and bool(_PART.search(cell)) for cell in column)
    hits = [("@" in text and bool(_PART.search(text))) for text in told.texts]
    return int(told.spread(hits, False, np.bool_).sum())
