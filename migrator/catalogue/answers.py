"""Kinds of trouble that LeadSquared's answers tell, and what becomes of rows.

Owns their explanations. How a reply is judged is `migrator.verdicts`' word, not told by these.

Source: `shared/api/leadsquared.md` 1.4 (exception types, how sure their meanings are).
"""

from typing import Final

from migrator.catalogue.kind import Kind

ANSWERS: Final = (
    Kind(
        "missing-mandatory",
        "LeadSquared misses a field that it demands",
        "The update lacks a field that is mandatory for this opportunity type, or would empty it; "
        "the message names its SchemaName and data type. For mx_Custom_19 it is the comment that "
        "the account demands whenever the status changes.",
        "Map the field that the message names, or fill its cell; `migrator check` finds such rows "
        "before sending.",
        (
            "MXInvalidActivityFieldsException",
            "MXMandatoryAttributeMissingException",
            "MXMandatoryFieldMissingException",
        ),
    ),
    Kind(
        "refused-option",
        "LeadSquared refused a dropdown value",
        "The value is none of the field's options; they must fit letter for letter, the case of "
        "letters and spaces included.",
        "Correct the cell, translate the value under `values:` in the mapping, or add the option "
        "in LeadSquared (then `migrator retry`).",
        ("MXInvalidEntityReferenceException",),
    ),
    Kind(
        "refused-data-type",
        "LeadSquared refused a value's data type",
        "A text was sent to a field that takes a number, a date or a truth value. By other calls "
        "LeadSquared uses this name for other faults, too, so read the message.",
        "Map the field with its type, or correct the cell.",
        ("MXInvalidDataTypeException",),
    ),
    Kind(
        "unknown-attribute",
        "LeadSquared does not know a field",
        "The account has no field of a SchemaName in the update; the message lists them.",
        "Correct the SchemaName in the mapping; `migrator fields` lists those there are.",
        ("MXUnknownAttributeException",),
    ),
    Kind(
        "unknown-opportunity",
        "LeadSquared does not know the opportunity",
        "No opportunity has this id: it was deleted, merged, or is of another account or type.",
        "Look the id up in LeadSquared; correct it, or take the row out of the sheet.",
        ("MXUnknownProspectActivityException",),
    ),
    Kind(
        "wrong-event-code",
        "LeadSquared does not know the opportunity type",
        "The event code is empty or unknown in this account.",
        "Correct `opportunity: {type: …}` in the mapping; `migrator fields` lists the types.",
        ("MXInvalidActivityException",),
    ),
    Kind(
        "invalid-input",
        "LeadSquared refused the input",
        "A general refusal; the message names the parameter or the reason.",
        "Read the message: it names what to correct in the cell or in the mapping.",
        ("MXInvalidInputException",),
    ),
    Kind(
        "duplicate-entry",
        "LeadSquared has it already",
        "A value that must be unique in the account belongs to another record.",
        "Look for the other record in LeadSquared; correct the cell, or leave the field out.",
        ("MXDuplicateEntryException", "MXDuplicateEntityNameException"),
    ),
    Kind(
        "restricted-opportunity",
        "The user may not act on this opportunity",
        "By its name, the exception says that the user whose key is used may not change this "
        "opportunity. Its meaning is not documented.",
        "Use the key of a user who may, or give this one the permission; then `migrator retry`.",
        ("MXOpportunityRestrictedException",),
    ),
    Kind(
        "no-permission",
        "The user may not do this",
        "The user whose key is used lacks a permission. If no row at all succeeds, it is the key; "
        "if others do, it is this opportunity or one of its fields.",
        "Give the user the permission in LeadSquared, or use another key; then `migrator retry`.",
        ("MXUnAuthorizedAccessException", "MXUnauthorizedRequestException"),
    ),
    Kind(
        "looks-like-markup",
        "LeadSquared takes a value for a script",
        "A text with HTML in it is refused as an attack, such as one with `<script`.",
        "Write the text without angle brackets.",
        ("MXXSSException",),
    ),
    Kind(
        "wrong-keys",
        "The keys are refused",
        "Access or secret key is wrong, the user is deactivated, or the host is of another region; "
        "then the message names the right one. The run stops and no row is blamed.",
        "Correct LSQ_ACCESS_KEY, LSQ_SECRET_KEY or LSQ_API_HOST; then `migrator resume`.",
        ("MXInvalidAccessDetailsException",),
    ),
    Kind(
        "rate-limit",
        "Too many calls",
        "The account made more calls than its limit allows, all of its programs counted. Sending "
        "pauses and goes on by itself; no row fails by it.",
        "Nothing. If it comes often, leave others their part: `--share 0.8`.",
        ("MXAPIRateLimitExceededException",),
    ),
    Kind(
        "other-refusal",
        "LeadSquared refused the row",
        "LeadSquared answered with an exception of which no more is known than its message says.",
        "Read the message; mend the cell or the cause in LeadSquared, then `migrator run` or "
        "`migrator retry`. If it passes by itself, say so in `migrator.toml` under [exceptions].",
    ),
    Kind(
        "other-answer",
        "An answer that is not LeadSquared's usual one",
        "The answer had an HTTP status of an error and no exception of LeadSquared.",
        "`migrator retry` sends the row again; if it stays, ask LeadSquared's support with the "
        "row's id and the time, which `migrator ledger query` has in the view calls.",
    ),
)

OUTCOMES: Final = (
    Kind(
        "waits-for-earlier-row",
        "Waits for an earlier row of its opportunity",
        "An earlier row of the same opportunity failed. This one was not sent, or older values "
        "would overwrite newer ones later.",
        "Mend the earlier row: `migrator retry` and `migrator run` take this one along.",
    ),
    Kind(
        "in-doubt",
        "Sent, and nobody knows whether it arrived",
        "The call left and no answer came, or the process was killed. Perhaps LeadSquared applied "
        "it.",
        "`migrator resume` settles it by reading the opportunity back.",
    ),
    Kind(
        "note-in-doubt",
        "Nobody can tell whether the note is there",
        "The fields are confirmed. Whether the note was written cannot be read from LeadSquared, "
        "and sending it again could double it.",
        "Look for the note in LeadSquared, then `migrator retry --in-doubt --note-present` or "
        "`--note-missing`.",
    ),
    Kind(
        "read-otherwise",
        "Written, and reads otherwise",
        "LeadSquared said yes to the update, and a later read shows another value: somebody or an "
        "automation changed it, or the account ignores the field.",
        "`migrator verify RUN --json` lists the values; `migrator doctor --created-on ID` tells "
        "whether the account writes CreatedOn at all.",
    ),
    Kind(
        "conflict",
        "Changed by somebody in LeadSquared",
        "LeadSquared holds neither the value that was confirmed last nor the sheet's: somebody "
        "edited it. Nothing of it was sent.",
        "Decide which holds: `migrator reconcile` with --conflicts ours or theirs.",
    ),
    Kind(
        "not-comparable",
        "Cannot be compared yet",
        "The row names its opportunity by an AutoId of which no GUID is known, and LeadSquared "
        "shows nothing under it.",
        "Send it once with `migrator run`: a success tells the GUID.",
    ),
)
