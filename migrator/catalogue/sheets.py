"""Kinds of trouble that a row has by itself: its cells, its ids, its values.

Owns their explanations; the codes are given by loader, mapper and the fit.
"""

from typing import Final

from migrator.catalogue.kind import Kind

READING: Final = (
    Kind(
        "cell-count",
        "More or fewer cells than columns",
        "The row does not have as many cells as the header has names. Mostly a delimiter or a line "
        "break stands in a cell that has no quotes around it, so all later cells are shifted.",
        "Put quotes around the cell, or export the file anew with every text quoted.",
    ),
    Kind(
        "unnamed-column",
        "A value under no name",
        "A cell holds a value in a column whose header is blank, so no mapping could name it.",
        "Give the column a name in the header row, or empty the cell.",
    ),
    Kind(
        "error-cell",
        "The cell shows an error of Excel",
        "A formula of the workbook failed (#N/A, #REF!, #DIV/0! …). No value is there to be sent.",
        "Mend the formula in Excel, or type the value; empty the cell if it has none.",
    ),
    Kind(
        "no-cached-value",
        "A formula that was never calculated",
        "A workbook keeps the result beside each formula. Some programs write the formula alone, "
        "and formulas are not calculated here.",
        "Open the workbook in Excel or LibreOffice, save it, and use the saved file.",
    ),
    Kind(
        "broken-number",
        "No number where the workbook says so",
        "The cell is stored as a number, and what is stored is none. The file was written wrongly.",
        "Type the value again in Excel.",
    ),
    Kind(
        "impossible-date",
        "A date that Excel cannot show",
        "The cell has a date format, but its number lies outside Excel's calendar; it shows #####.",
        "Correct the date in Excel, or give the cell the format that its number needs.",
    ),
    Kind(
        "unfit-value",
        "A value of a data frame that is no cell",
        "In a program, a column of the data frame holds objects that are no texts, numbers or "
        "times.",
        "Turn the column into texts, numbers or times before the frame is given.",
    ),
    Kind(
        "nul",
        "A NUL character",
        "The cell holds the character NUL, which no export means to write: the file was damaged.",
        "Export the file again, or type the cell anew.",
    ),
    Kind(
        "unknown-escape",
        "An escape that nobody can read",
        "The mapping declares an escape character, and here it stands before a letter of which no "
        "meaning is known, such as \\N.",
        "Export the data without such signs (a NULL as an empty cell), or take `escape` out of "
        "the mapping if it is a plain character there.",
    ),
    Kind(
        "half-character",
        "Half a character",
        "The text holds one half of a pair of code units, so it was decoded wrongly before it came "
        "into the file.",
        "Export the data again with its right encoding.",
    ),
    Kind(
        "too-long",
        "More text than a cell holds",
        "The cell is longer than any cell of a spreadsheet can be. Mostly a quote was opened and "
        "never closed, so the cell swallowed the rows behind it.",
        "Look for the quote that is not closed, or shorten the text.",
    ),
)

MAPPING: Final = (
    Kind(
        "not-a-number",
        "No number",
        "The field is declared as a number, and the cell cannot be read as one as it is written.",
        "Correct the cell, or declare how numbers are written: `decimal`, `grouping`, and under "
        "`currency` the signs to be cut.",
    ),
    Kind(
        "not-an-integer",
        "No whole number",
        "The field takes whole numbers, and the cell has a fraction. It is not rounded.",
        "Correct the cell, or map the field as `number`.",
    ),
    Kind(
        "not-a-boolean",
        "Neither yes nor no",
        "The field is declared as a boolean, and the cell is none of the words for yes or no.",
        "Correct the cell, or name the words in the mapping under `true:` and `false:`.",
    ),
    Kind(
        "not-a-date",
        "No date",
        "The cell fits none of the date formats that the mapping declares. Formats are never "
        "guessed: 03/04 is two different days.",
        "Correct the cell, or add its format to `formats:` of the field.",
    ),
    Kind(
        "not-a-datetime",
        "No date with a time",
        "The cell fits none of the formats that the mapping declares for date and time.",
        "Correct the cell, or add its format to `formats:` of the field.",
    ),
    Kind(
        "not-a-choice",
        "No value that the mapping knows",
        "The field is a choice with a list of `values:`, and the cell holds none of them. "
        "LeadSquared takes a dropdown's options letter for letter, so a near miss is refused.",
        "Correct the cell, or add a line under `values:`; `check` and the end of a run print one "
        "that can be pasted.",
    ),
    Kind(
        "not-a-phone",
        "No phone number",
        "The cell cannot be a phone number of the country that the mapping declares.",
        "Correct the number, or write it with its country code (+44 …).",
    ),
    Kind(
        "not-an-email",
        "No e-mail address",
        "The cell does not have the form of an e-mail address.",
        "Correct the address, or empty the cell.",
    ),
    Kind(
        "not-a-user",
        "No active user of the account",
        "The field wants a user of LeadSquared, and nobody who may be an owner has this e-mail "
        "address.",
        "Correct the address, or name another user for it under `values:` in the mapping.",
    ),
    Kind(
        "several-readings",
        "Two ways to read it",
        "By what the mapping declares, the cell can be read in two ways that differ. Neither is "
        "chosen for you.",
        "Write the cell so that it has one reading, or declare fewer formats.",
    ),
    Kind(
        "has-time",
        "A time where a day is wanted",
        "The field is a date, and the cell holds a time of day besides, which would be lost.",
        "Map the field as `datetime`, or take the time out of the cell.",
    ),
    Kind(
        "no-time",
        "No time of day",
        "The field is a datetime, and the cell holds a day alone. Midnight is not assumed.",
        "Add the time to the cell, map the field as `date`, or say which time a day stands for: "
        '`time: "00:00"` at the field.',
    ),
    Kind(
        "no-zone",
        "Nobody says in which time zone",
        "The cell holds a time of day, and neither it nor the mapping tells in which zone it was "
        "written down. A wrong guess shifts every date.",
        "Declare the zone: `source: {timezone: Asia/Kolkata}`, or `timezone` at the field.",
    ),
    Kind(
        "nonexistent-time",
        "A time that the clocks skipped",
        "When summer time began in the declared zone, the clocks went from one hour to the next "
        "but one. This time was never shown.",
        "Correct the cell, check the zone, or say what is to be done: `nonexistent:` at the field.",
    ),
    Kind(
        "ambiguous-time",
        "A time that the clocks showed twice",
        "When summer time ended in the declared zone, the hour was shown twice; which of the two "
        "is meant cannot be told.",
        "Write the cell with its offset (+01:00), or choose: `ambiguous:` at the field.",
    ),
    Kind(
        "out-of-range",
        "Outside what can be sent",
        "The value can be read, and is too large, too small or too far away for the field.",
        "Correct the cell; a year such as 0024 or 20245 is mostly a slip.",
    ),
    Kind(
        "blank",
        "Blank, and must not be",
        "The mapping says that this field needs a value in each row (`required: true`, or "
        "`blank: error`).",
        "Fill the cell, or say in the mapping what a blank cell means.",
    ),
    Kind(
        "clear-value",
        "The clear value where nothing can be cleared",
        "The cell holds the sign by which the mapping empties a field, and this cell is an id, a "
        "note or a part that cannot be emptied.",
        "Empty the cell, or write a value.",
    ),
    Kind(
        "over-max-length",
        "Longer than the mapping allows",
        "The text has more characters than `max_length` of the field. It is not cut unasked.",
        "Shorten the text, or set `too_long: truncate`.",
    ),
    Kind(
        "no-id",
        "No id",
        "The row does not say which opportunity it is about.",
        "Fill the id; `migrator ids SHEET` finds ids by a lead's field.",
    ),
    Kind(
        "not-a-guid",
        "No id of LeadSquared",
        "The cell is not a ProspectOpportunityId (a GUID such as "
        "5fefe911-ff22-427b-82c7-bff261b339ff).",
        "Correct the id, or declare `kind: auto_id` if the column holds AutoIds.",
    ),
    Kind(
        "damaged-id",
        "An id that Excel made a number of",
        "An id that begins like 123e4567 was taken for a number with an exponent; its letters are "
        "lost.",
        "Take the id from the original export, with the column formatted as text.",
    ),
    Kind(
        "damaged-text",
        "A text that cannot be sent",
        "The text holds a NUL or half a character, which JSON cannot carry.",
        "Type the cell anew, or export it with its right encoding.",
    ),
)

FITTING: Final = (
    Kind(
        "other-type",
        "Another opportunity type",
        "The mapping speaks of another opportunity type than the fields it was held against.",
        "Correct `opportunity: {type: …}` in the mapping, or give the file of the right type.",
    ),
    Kind(
        "unknown-field",
        "A field that the type does not have",
        "The opportunity type has no field of this SchemaName. Display names do not serve.",
        "Correct the SchemaName; `migrator fields` lists them, and near ones are named.",
    ),
    Kind(
        "read-only",
        "A field that LeadSquared fills itself",
        "An update cannot write this field.",
        "Take it out of the mapping.",
    ),
    Kind(
        "not-writable",
        "A kind of field that no update can fill",
        "Files, pictures and the like cannot be written by this call.",
        "Take it out of the mapping.",
    ),
    Kind(
        "other-name",
        "The field is called otherwise",
        "The mapping expects the field to have another display name than it has: perhaps the "
        "SchemaName is that of another field, as mx_Custom numbers differ from account to account.",
        "Look it up with `migrator fields`, then correct the SchemaName or the expected name.",
    ),
    Kind(
        "wrong-type",
        "The mapping sends something else than the field takes",
        "The kind of field in the mapping does not fit LeadSquared's data type.",
        "Change the `type:` of the field in the mapping.",
    ),
    Kind(
        "max-length",
        "The mapping lets through more than the field takes",
        "LeadSquared's field is shorter than the `max_length` in the mapping.",
        "Set `max_length` to LeadSquared's, and say with `too_long` what happens to longer texts.",
    ),
    Kind(
        "cannot-check",
        "Cannot be checked before sending",
        "LeadSquared does not tell what this field takes.",
        "Send a few rows first (`--canary 10`) and look at them.",
    ),
    Kind(
        "mandatory-not-sent",
        "A mandatory field is not mapped",
        "LeadSquared demands the field in each update of this type, and the mapping has no such "
        "field.",
        "Map it, with a column or a `constant:`.",
    ),
    Kind(
        "dependent-not-sent",
        "A dropdown without the one it depends on",
        "The options of this dropdown depend on another field, which the mapping does not send.",
        "Map the other field as well.",
    ),
    Kind(
        "status-comment",
        "A change of status needs a comment",
        "The account demands a comment (mx_Custom_19) whenever the status changes.",
        "Map the comment, with a column or a `constant:`.",
    ),
    Kind(
        "not-an-option",
        "No option of the dropdown",
        "The value that would be sent is none of the options that LeadSquared lists for the field. "
        "They must fit letter for letter.",
        "Correct the cell, add a line under `values:` in the mapping, or add the option in "
        "LeadSquared; `check` prints lines that can be pasted.",
    ),
    Kind(
        "renamed-option",
        "An option that was renamed",
        "The option is listed under another name now; what is sent is the new one.",
        "Write the option as LeadSquared shows it now.",
    ),
    Kind(
        "not-under-parent",
        "No option under this parent",
        "The value is an option of the dropdown, but under another value of the field that it "
        "depends on.",
        "Correct one of the two cells.",
    ),
    Kind(
        "over-field-length",
        "Longer than LeadSquared's field",
        "LeadSquared keeps fewer characters in this field.",
        "Shorten the text, or set `max_length` and `too_long: truncate` in the mapping.",
    ),
    Kind(
        "wrong-data-type",
        "A text that is no number or date for its field",
        "LeadSquared's field takes a number, a date or a truth value, and the text is none.",
        "Map the field with its type (`number`, `date`, `datetime`, `boolean`), or correct the "
        "cell.",
    ),
    Kind(
        "inactive-user",
        "A user who is not active",
        "The user exists in LeadSquared and is deactivated, so they can own no opportunity.",
        "Name another user, in the cell or under `values:` in the mapping.",
    ),
    Kind(
        "mandatory-blank",
        "A mandatory field would be emptied",
        "LeadSquared demands a value in this field, and the cell gives none.",
        "Fill the cell, or map a blank cell to a value (`values:` of a choice).",
    ),
)
