"""The base of every error that a person is meant to read: Chinese first, English beside it, with the way out."""

from __future__ import annotations


class Problem(ValueError):
    """Something a person can put right. `zh` and `en` say what is wrong and what to do."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh} {en}")
        self.zh = zh
        self.en = en


class TooManyRows(Problem):
    """A file would be cut."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"超过 {most} 行，没有生成文件：请用筛选缩小范围再下载。",
            f"These are more than {most} rows, and no file was made: narrow the list by its filters.",
        )


class NoSheetHolds(Problem):
    """More lines were not taken than a spreadsheet holds."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"退回的行超过 {most} 行，表格放不下，请下载 CSV。",
            f"More than {most} lines were not taken, which no spreadsheet holds: download the CSV.",
        )
