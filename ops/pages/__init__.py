"""Pages to be printed: one HTML file each, with everything in it."""

from __future__ import annotations

from datetime import date

from jinja2 import Environment, PackageLoader, StrictUndefined

from certification.certificates import Printed
from certification.phones import dialled
from certification.regions import Region

_PAGES = Environment(loader=PackageLoader("ops", "pages"), autoescape=True, undefined=StrictUndefined)


def certificate(printed: Printed, region: Region, on: date) -> str:
    """A certificate in large type, Chinese with English beside it; `on`: the day on which it is printed."""
    one = printed.certificate
    opens, until = one.opens or one.on, one.until or one.on
    rows = [
        ("姓名", "Name", printed.name, ""),
        ("身份证号", "Identity number", printed.number_shown, ""),
        ("地区", "Region", region.name, ""),
        ("认证日期", "Certified on", _day(one.on), one.on.isoformat()),
        ("认证方式", "By what route", *one.way),
        ("认证周期", "Period", f"{_day(opens)}至{_day(until)}", f"{opens} to {until}"),
        ("有效期至", "Valid until", _day(until), until.isoformat()),
    ]
    number = one.number
    return _PAGES.get_template("certificate.html").render(
        number=number,
        groups=grouped(number),
        rows=rows,
        stands=one.stands,
        telephone=dialled(region.operator.number),
        printed=_day(on),
        printed_en=on.isoformat(),
    )


def grouped(number: str) -> str:
    """A receipt's number in groups of three or four, as the line says it."""
    cuts = [*range(3, len(number) - 1, 3)]
    return " ".join(number[a:b] for a, b in zip([0, *cuts], [*cuts, len(number)], strict=True))


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
