"""Make the workbooks of `traps/` that are about packages, forms and formats; see `make_traps`."""

from pathlib import Path

from raw_workbook import (
    DAY,
    HEAD,
    MAIN,
    MONEY,
    PACKAGE,
    PERCENT,
    RELATIONS,
    RUPEES,
    ZEROS,
    Workbook,
    data,
    number,
    row,
    text,
    write_zip,
)


def make_workbook_traps(folder: Path) -> None:
    """Write every workbook into the folder, which must exist."""
    _formats(folder)
    _strict(folder)
    _shapes(folder)
    _packages(folder)


def _formats(folder: Path) -> None:
    header = row(1, text("Id"), text("Postcode"), text("Share"), text("Price"))
    Workbook(
        sheets={
            "Formats": data(
                header,
                row(2, text("1"), number(1234, ZEROS), number("0.125", PERCENT), number(5, RUPEES)),
                row(3, text("2"), number(123456, ZEROS), number(1, PERCENT), number("2.50", MONEY)),
                row(4, text("3"), number("1.5", ZEROS), number("-5", ZEROS), number(7)),
                row(5, text("4"), text("00099"), number("1E-7"), number("123456789012345678")),
            )
        }
    ).write(folder / "formats.xlsx")


def _strict(folder: Path) -> None:
    date = f'<c s="{DAY}" t="d"><v>2024-04-02</v></c>'
    moment = '<c s="2" t="d"><v>2024-04-02T12:13:43.999</v></c>'
    Workbook(
        sheets={
            "Deals": data(
                row(1, text("Id"), text("Name"), text("When")),
                row(2, text("007"), '<c t="s"><v>0</v></c>', date),
                row(3, number(8), '<c t="e"><v>#N/A</v></c>', moment),
                row(4, number(9), text("Bo"), '<c s="1" t="d"><v>not a day</v></c>'),
            )
        },
        texts=["<t>Zoë</t>"],
        is_strict=True,
    ).write(folder / "strict.xlsx")


def _shapes(folder: Path) -> None:
    Workbook(
        sheets={
            "Deals": data(
                row(4, text("Id"), text("Name"), first="C"),
                row(5, number(1), text("Ana"), first="C"),
                row(7, number(2), text("Bo"), first="C"),
            )
        }
    ).write(folder / "table_below_and_right.xlsx")
    blank = [f'<row r="{at}" s="1" customFormat="1"/>' for at in range(4, 1_000)]
    styled = [row(at, '<c s="1"/>', '<c s="2"/>') for at in range(1_000, 2_000)]
    Workbook(
        sheets={
            "Deals": '<dimension ref="A1:XFD1048576"/>'
            + data(
                row(1, text("Id"), text("Name")),
                row(2, number(1), text("Ana")),
                *blank,
                *styled,
                row(2_500, number(2), text("Bo")),
                *(f'<row r="{at}" s="1" customFormat="1"/>' for at in range(2_501, 3_001)),
            )
        }
    ).write(folder / "formatted_but_blank.xlsx")
    Workbook(
        sheets={
            "Deals": '<cols><col min="2" max="3" hidden="1"/></cols>'
            + data(
                row(1, text("Id"), text("Name"), text("Secret")),
                row(2, number(1), text("Ana"), text("x")),
            )
        }
    ).write(folder / "hidden_columns.xlsx")


def _packages(folder: Path) -> None:
    """Valid, but written as no usual program does: each thing here has been met somewhere."""
    sheet = (
        f'<?xml version="1.0" encoding="utf-16"?>\n<x:worksheet xmlns:x="{MAIN}"><!-- rows -->'
        "<x:sheetData><x:row><x:c><x:v>1</x:v></x:c><x:c t='inlineStr'><x:is><x:r><x:t>rich</x:t>"
        "</x:r><x:r><x:t> &amp; plain</x:t></x:r></x:is></x:c></x:row>"
        "<x:row><x:c><x:v>2</x:v></x:c><x:c t='str'><x:f>A1</x:f><x:v><![CDATA[<Bo>]]></x:v></x:c>"
        "</x:row></x:sheetData></x:worksheet>"
    )
    related = f"{RELATIONS}/"
    parts = {
        "[Content_Types].xml": f'{HEAD}<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="a" Type="{related}officeDocument" Target="/Book/Main.XML"/>'
        "</Relationships>",
        "book/main.xml": f'{HEAD}<workbook xmlns="{MAIN}" xmlns:q="{RELATIONS}"><sheets>'
        '<sheet name="Deals" sheetId="1" q:id="s"/></sheets></workbook>',
        "book/_rels/main.xml.rels": f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="h" Type="{related}hyperlink" Target="http://x.invalid" '
        'TargetMode="External"/>'
        f'<Relationship Id="s" Type="{related}worksheet" Target="..\\Sheets\\One.xml"/>'
        "</Relationships>",
        "sheets\\one.xml": sheet.encode("utf-16"),
    }
    write_zip(folder / "odd_package.xlsx", parts)
