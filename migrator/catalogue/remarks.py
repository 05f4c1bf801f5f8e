"""What `check` and `inspect` remark about a sheet, and how commands end.

Owns their explanations; the codes are given where the remarks are made.
"""

from typing import Final

from migrator.catalogue.kind import Kind

FACTS: Final = (
    Kind(
        "mixed-ids",
        "Ids of two kinds",
        "Some rows name their opportunity by GUID, others by AutoId. That two of them are the same "
        "opportunity cannot be told, so their order could be lost.",
        "Name them in one way; `--mixed-ids` takes both.",
    ),
    Kind(
        "duplicate-ids",
        "Opportunities with several rows",
        "Several rows update the same opportunity; the last one stands in the end.",
        "Leave it so, or say `rows_per_opportunity: merge` or `error` in the mapping.",
    ),
    Kind(
        "blank-column",
        "A column without a value",
        "No row has a value in this column.",
        "Check that it was exported; else take it out of the mapping.",
    ),
    Kind(
        "unused-columns",
        "Columns that nothing uses",
        "The mapping does not name these columns, so their values are not sent.",
        "Map them, if they matter.",
    ),
    Kind(
        "never-a-value",
        "A field that no row fills",
        "All cells of the field are blank or refused.",
        "Look at the refusals, and whether the right column is named.",
    ),
    Kind(
        "one-value",
        "The same value in every row",
        "Wherever the field gets a value, it is the same: as it should be, or the wrong column.",
        "Nothing, if it is meant.",
    ),
    Kind(
        "truncated",
        "Texts that are cut",
        "`too_long: truncate` cuts texts to `max_length` in these rows.",
        "Shorten them yourself, if the rest matters.",
    ),
)

CAUTIONS: Final = (
    Kind(
        "mixed-types",
        "Cells of several types",
        "Most cells of the column are of one type and some are not.",
        "Look at those that are not: mend them, or map the column as text.",
    ),
    Kind(
        "both-orders",
        "Day first and month first",
        "Some dates can only be day first, others only month first: two programs filled the "
        "column.",
        "Write them all in one way; no list of formats can tell the others apart.",
    ),
    Kind(
        "day-or-month",
        "Day first or month first cannot be told",
        "Every date fits both orders.",
        "Ask whoever exported it, then declare `formats:`.",
    ),
    Kind(
        "mixed-formats",
        "Dates written in several ways",
        "The column has dates of more than one format.",
        "Declare all of them in `formats:`; `init` drafts them.",
    ),
    Kind(
        "leading-zeros",
        "Numbers that begin with zeros",
        "As numbers they would lose their zeros.",
        "Map the column as text.",
    ),
    Kind(
        "many-digits",
        "More than 15 digits",
        "Excel keeps 15 digits of a number and makes zeros of the rest.",
        "Map the column as text, and export it as text.",
    ),
    Kind(
        "mixed-grouping",
        "Two ways to group digits",
        "Some numbers are grouped as 1,234,567, others as 12,34,567.",
        "Declare the `grouping` that is right, and correct the other cells.",
    ),
    Kind(
        "exponent",
        "Numbers with an exponent",
        "A number such as 1.23E+11 was probably an id or a phone number, whose digits Excel "
        "dropped.",
        "Take the column from the original export.",
    ),
    Kind(
        "unit",
        "Numbers with a sign",
        "A currency or per cent sign makes a text of the number.",
        "Name the sign under `currency:` of the field, or take it off.",
    ),
    Kind(
        "decimal-comma",
        "A decimal comma",
        "The number is written 1.234,56, and the mapping reads a point unless told.",
        'Declare `decimal: ","`.',
    ),
    Kind(
        "placeholder",
        "A word for nothing",
        "NA, null, - and the like are texts, not blanks: they would be sent as they are.",
        'Name them under `source: {blank_values: [NA, "-"]}` in the mapping.',
    ),
    Kind(
        "error-text",
        "An error of a spreadsheet as text",
        "The text is #N/A or another error that was exported as a value.",
        "Mend the formula where the sheet was made.",
    ),
    Kind(
        "spaces-around",
        "Spaces around a text",
        "Spaces at the beginning or the end make a dropdown value differ from its option.",
        "Nothing where the mapping trims; else trim the cells.",
    ),
    Kind(
        "line-break",
        "Line breaks in cells",
        "The texts have several lines.",
        "Nothing, if the field takes them.",
    ),
    Kind(
        "control-character",
        "Characters that nobody sees",
        "Control characters, or others without width, stand in the texts.",
        "Clean the cells, if values must fit letter for letter.",
    ),
    Kind(
        "mojibake",
        "Text that was decoded wrongly",
        "Ã© stands where é was meant: the file was read with a wrong encoding before it was "
        "written.",
        "Export anew, or declare the encoding.",
    ),
    Kind(
        "long-text",
        "Long texts",
        "LeadSquared's usual limit for a text field is shorter.",
        "Look up the field's length with `migrator fields`.",
    ),
    Kind(
        "single-value",
        "One value in all cells",
        "All cells of the column have the same value.",
        "Nothing, if it is meant.",
    ),
    Kind(
        "variants",
        "Values that differ in case or spaces only",
        "Won, won and WON would be three values for a dropdown.",
        "Name them under `values:` in the mapping.",
    ),
    Kind(
        "duplicates",
        "Ids that come again",
        "Nearly all cells differ, as ids do, and some repeat.",
        "Look at the rows: they update the same opportunity.",
    ),
    Kind(
        "numbers-as-text",
        "Numbers stored as text",
        "The workbook stores them as texts; Excel does not calculate with them.",
        "Nothing: both are read.",
    ),
    Kind(
        "percent-format",
        "Per cent by format",
        "What is shown as 12 % is stored, and read, as 0.12.",
        "Decide which of the two LeadSquared is to get.",
    ),
    Kind(
        "currency-format",
        "Currency by format",
        "The sign is the cell's format; the plain number is read.",
        "Nothing.",
    ),
)

ENDS: Final = (
    Kind(
        "exit-0",
        "All is well",
        "Every row succeeded or was unchanged, or nothing was to do; also when you answered no.",
        "Nothing.",
    ),
    Kind(
        "exit-1",
        "A fault of migrator itself",
        "The text above the last line is for whoever mends it; keys are not in it. The ledger is "
        "intact.",
        "`migrator resume` goes on; please report the text.",
    ),
    Kind(
        "exit-2",
        "The command line is wrong, or nobody could be asked",
        "An option is unknown or lacks a value, or a question had no terminal to be asked on.",
        "Do what the second line says; in a script add `--yes`.",
    ),
    Kind(
        "exit-3",
        "The sheet cannot be read, or a file cannot be written",
        "Nothing was sent.",
        "Do what the second line says: close the file, save it as .xlsx, declare its encoding.",
    ),
    Kind(
        "exit-4",
        "The mapping is wrong, or does not fit the sheet",
        "The line of the mapping is named. Nothing was sent.",
        "Correct that line; `migrator check SHEET -m MAPPING` tells all of them at once.",
    ),
    Kind(
        "exit-5",
        "A setting is missing or wrong",
        "The setting is named, its value is shown unless it is a key. Nothing was sent.",
        "Set it in the environment or in a .env file of the working folder.",
    ),
    Kind(
        "exit-6",
        "The ledger cannot be used",
        "Another process holds the run or the mapping, the disk is full, or the file is no ledger "
        "of this version. It is never overwritten.",
        "Do what the second line says, then `migrator resume`.",
    ),
    Kind(
        "exit-7",
        "LeadSquared was not reached",
        "The network, a proxy or LeadSquared itself was down for longer than --max-outage, or "
        "something else answered in its place. No row was blamed.",
        "`migrator resume` later.",
    ),
    Kind(
        "exit-8",
        "Access was refused",
        "Keys, permissions or the region's host are wrong. No row was blamed.",
        "Correct what the text names, then `migrator resume`; `migrator doctor` checks it.",
    ),
    Kind(
        "exit-9",
        "The day's calls are spent",
        "LeadSquared said so, or has refused every call for a while.",
        "`migrator resume` on the next day.",
    ),
    Kind(
        "exit-10",
        "Rows need a person",
        "The run ended properly; some rows failed, were rejected, are in doubt or in conflict.",
        "`migrator status` groups them; `migrator export --failed --rejected -o fix.xlsx` gives "
        "them to be mended.",
    ),
    Kind(
        "exit-11",
        "Something differs",
        "`verify` read values otherwise than they were written, or a dry run of `reconcile` or "
        "`undo` found something to do.",
        "Look at the list that was printed.",
    ),
    Kind(
        "exit-12",
        "Stopped by a brake",
        "`--limit`, `--rows`, `--until` or a brake ended the run with rows left; or `reconcile` "
        "did not trust the sheet and sent nothing.",
        "Look at what the text names; `migrator resume` sends the rest.",
    ),
    Kind(
        "exit-130",
        "Ctrl-C",
        "Calls under way were settled first; the rest is left planned.",
        "`migrator resume` goes on.",
    ),
    Kind(
        "exit-143",
        "Ended by the system",
        "SIGTERM came, as at a shutdown; calls under way were settled first.",
        "`migrator resume` goes on.",
    ),
)
