"""Types into a workbook with LibreOffice, as a person does; run by a Python that has its `uno`.

python3 type_in_office.py PIPE SOURCE TARGET EDITS

EDITS is JSON: {"cells": [[entry, column, keys], …], "sort": column, "delete_rows": [entry, …],
"delete_columns": [column, …]}. Keys are entered as at the keyboard: what they become is
LibreOffice's decision. TARGET is written in the format of its suffix.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

try:
    import uno  # type: ignore[import-not-found]
    from com.sun.star.beans import PropertyValue  # type: ignore[import-not-found]
    from com.sun.star.connection import NoConnectException  # type: ignore[import-not-found]
except ImportError:  # the Python of the tests, which only looks for doctests here
    uno = None

FILTERS = {".xlsx": "Calc MS Excel 2007 XML", ".ods": "calc8"}


def desktop_of(pipe: str) -> Any:
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext(
        "com.sun.star.bridge.UnoUrlResolver", local
    )
    address = f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext"
    for _ in range(300):
        try:
            context = resolver.resolve(address)
            break
        except NoConnectException:
            time.sleep(0.1)  # it is another process that starts: it can only be asked again
    else:
        raise SystemExit("LibreOffice did not start")
    return context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)


def option(name: str, value: Any) -> Any:
    made = PropertyValue()
    made.Name, made.Value = name, value
    return made


def used(sheet: Any) -> tuple[int, int]:
    cursor = sheet.createCursor()
    cursor.gotoEndOfUsedArea(False)
    address = cursor.RangeAddress
    return address.EndRow, address.EndColumn


def column_of(sheet: Any, name: str) -> int:
    last = used(sheet)[1]
    return next(at for at in range(last + 1) if sheet.getCellByPosition(at, 0).String == name)


def row_of(sheet: Any, entry: int) -> int:
    at = column_of(sheet, "migrator_entry")
    rows = range(1, used(sheet)[0] + 1)
    return next(row for row in rows if sheet.getCellByPosition(at, row).String == str(entry))


def sort(sheet: Any, name: str) -> None:
    last_row, last_column = used(sheet)
    field = uno.createUnoStruct("com.sun.star.table.TableSortField")
    field.Field, field.IsAscending = column_of(sheet, name), False
    fields = uno.Any("[]com.sun.star.table.TableSortField", (field,))
    whole = sheet.getCellRangeByPosition(0, 0, last_column, last_row)
    options = (option("SortFields", fields), option("ContainsHeader", True))
    uno.invoke(whole, "sort", (options,))


def edit(sheet: Any, edits: dict[str, Any]) -> None:
    for entry, column, keys in edits.get("cells", ()):
        cell = sheet.getCellByPosition(column_of(sheet, column), row_of(sheet, entry))
        if cell.NumberFormat == sheet.getCellByPosition(0, 1).NumberFormat:
            cell.String = keys  # a cell of texts takes keys as they are; the API would not
        else:
            cell.FormulaLocal = keys
    if "sort" in edits:
        sort(sheet, edits["sort"])
    for entry in edits.get("delete_rows", ()):
        sheet.Rows.removeByIndex(row_of(sheet, entry), 1)
    for column in edits.get("delete_columns", ()):
        sheet.Columns.removeByIndex(column_of(sheet, column), 1)


def main() -> None:
    pipe, source, target, edits = sys.argv[1:]
    desktop = desktop_of(pipe)
    try:
        document = desktop.loadComponentFromURL(
            Path(source).absolute().as_uri(), "_blank", 0, (option("Hidden", True),)
        )
        edit(document.Sheets.getByIndex(0), json.loads(edits))
        kept = Path(target).absolute()
        document.storeToURL(kept.as_uri(), (option("FilterName", FILTERS[kept.suffix]),))
        document.close(True)
    finally:
        desktop.terminate()


if __name__ == "__main__":
    main()
