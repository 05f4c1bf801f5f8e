"""What an account says of its opportunity types: fields, options, lengths, and its users.

Owns the nouns, and their form in a file (`migrator fields --save`), from which `check` and `init`
work without an account. It makes no calls and reads no files.
"""

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from migrator.errors import SettingsError

FORM: Final = 1  #: Of the file; raised when a reader of this form could be misled.


class _Noun(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class FieldInfo(_Noun):
    """One field of an opportunity type."""

    schema_name: str
    display_name: str = ""
    data_type: str = ""  #: LeadSquared's word: String, Number, DateTime, SearchableDropdown, …
    is_mandatory: bool = False
    is_read_only: bool = False
    options: tuple[str, ...] | None = None  #: Exact texts; None: none are told, nothing to check.
    old_options: Mapping[str, str] = Field(default_factory=dict)  #: Former text to today's option.
    takes_others: bool = False  #: Texts that are not among the options are taken, too.
    is_multi_select: bool = False
    parent: str = ""  #: SchemaName of the field under whose value the options stand.
    options_under: Mapping[str, tuple[str, ...]] | None = None  #: By the parent's value.
    max_length: int | None = None  #: Characters; None: not told.
    members: tuple["FieldInfo", ...] = ()  #: Of a custom field set: mx_CustomObject_N.


class TypeInfo(_Noun):
    """One opportunity type with its fields."""

    code: int  #: LeadSquared's OpportunityEventCode.
    name: str = ""
    fields: tuple[FieldInfo, ...] = ()

    def field(self, schema_name: str) -> FieldInfo | None:
        """The field of this exact SchemaName."""
        return next((one for one in self.fields if one.schema_name == schema_name), None)


class UserInfo(_Noun):
    """One user of the account."""

    id: str  #: GUID.
    email: str = ""
    name: str = ""
    is_active: bool = True


class Metadata(_Noun):
    """What was read of an account, as it is kept in a file."""

    form: int = FORM
    host: str = ""  #: The account's host; with the type's code and names it tells accounts apart.
    read_at: str = ""  #: UTC, YYYY-MM-DD HH:MM:SS.
    types: tuple[TypeInfo, ...] = ()
    users: tuple[UserInfo, ...] = ()

    def type(self, code: int) -> TypeInfo | None:
        """The type with this event code."""
        return next((one for one in self.types if one.code == code), None)


def parse_metadata(text: str | bytes, *, where: str) -> Metadata:
    """Understand a file that `migrator fields --save` wrote.

    Raises:
        SettingsError: It is none, or one of a newer form.
    """
    advice = "Write it anew: `migrator fields --type N --save FILE`."
    try:
        found = Metadata.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise SettingsError(
            f"this is no saved metadata ({place}: {first['msg']})", where=where, advice=advice
        ) from error
    if found.form > FORM:
        raise SettingsError(
            f"this metadata is of form {found.form}, this migrator reads {FORM}",
            where=where,
            advice=f"Install the newer migrator, or: {advice}",
        )
    return found
