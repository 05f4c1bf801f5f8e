"""The environment, read once into values that never change.

Owns the names of all settings and what is a right value of each. It opens no socket and no file,
and no text of it holds a key's value.
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from hashlib import blake2b
from pathlib import Path
from typing import Final, Literal, cast, get_args
from urllib.parse import unquote

import platformdirs
from pydantic import (
    BaseModel,
    ByteSize,
    ConfigDict,
    Field,
    SecretStr,
    TypeAdapter,
    ValidationError,
)

from migrator.errors import SettingsError
from migrator.leadsquared import named_host
from migrator.redact import printable

HOST: Final = "LSQ_API_HOST"
ACCESS_KEY: Final = "LSQ_ACCESS_KEY"
SECRET_KEY: Final = "LSQ_SECRET_KEY"  # noqa: S105 - a setting's name
RATE_LIMIT: Final = "LSQ_RATE_LIMIT"
QUOTA: Final = "LSQ_QUOTA"
SHARE: Final = "LSQ_SHARE"
DAILY_LIMIT: Final = "LSQ_DAILY_LIMIT"
AUTH: Final = "LSQ_AUTH"
ALLOW_HOST: Final = "LSQ_ALLOW_HOST"
CA_FILE: Final = "LSQ_CA_FILE"
PROXY: Final = "LSQ_PROXY"
LEDGER: Final = "MIGRATOR_LEDGER"
STATE_DIR: Final = "MIGRATOR_STATE_DIR"
MEMORY: Final = "MIGRATOR_MEMORY"

QuotaMode = Literal["paced", "learned", "sure"]

NAMES: Final = frozenset(
    (
        HOST,
        ACCESS_KEY,
        SECRET_KEY,
        RATE_LIMIT,
        QUOTA,
        SHARE,
        DAILY_LIMIT,
        AUTH,
        ALLOW_HOST,
        CA_FILE,
        PROXY,
    )
)
"""All that begin with LSQ; another one is misspelt."""

VENDOR_DOMAIN: Final = ".leadsquared.com"
"""Every API host of LeadSquared's ends so: api, api-us11, api-in21, … ("API host", read 2026-11);
the list grows, so hosts below it are not listed one by one."""

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})

_ADDRESS: Final = re.compile(
    r"(?:(?P<scheme>https?)://)?(?P<host>\[::1\]|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)"
    r"(?::(?P<port>[1-9]\d{0,4}))?",
    re.ASCII | re.IGNORECASE,
)
_IN_A_LOGIN: Final = r"(?:[a-z0-9!$&'()*+,.;<=>^_`{|}~-]|%[0-9a-f]{2})"
"""One character of a name or password; what means something in a URL comes percent-encoded."""
_PROXY: Final = re.compile(
    rf"https?://(?:(?P<name>{_IN_A_LOGIN}+)(?::(?P<password>{_IN_A_LOGIN}*))?@)?"
    r"(?:\[[0-9a-f:]+\]|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::(?P<port>[1-9]\d{0,4}))?/?",
    re.ASCII | re.IGNORECASE,
)
_RATE: Final = re.compile(r"(\d{1,6}) ?/ ?(\d{1,6}(?:\.\d{1,3})?)", re.ASCII)
_MAY_HOLD_A_KEY: Final = re.compile(r"\?.*|[^/]*@|u\$r\w*", re.IGNORECASE)
"""A query, what stands before an @, and how every access key begins."""

DEFAULT_MEMORY: Final = 1024**3  #: Bytes.

_QUOTES: Final = ("'", '"')


class RateLimit(BaseModel):
    """What this account may send; LeadSquared's plans differ."""

    model_config = ConfigDict(frozen=True)

    limit: int = Field(default=25, ge=1)  #: Calls per window; "Rate Limits", Enterprise plan.
    window: float = Field(default=5.0, gt=0)  #: Seconds.

    @property
    def per_second(self) -> float:
        """Calls per second, on average."""
        return self.limit / self.window

    def __str__(self) -> str:
        """Such as "25 per 5 s"."""
        return f"{self.limit} per {self.window:g} s"


class Settings(BaseModel):
    """Whose account, at which host, how fast, and where things are kept."""

    model_config = ConfigDict(frozen=True)

    base_url: str  #: Scheme, host and port: "https://api-in21.leadsquared.com".
    access_key: SecretStr
    secret_key: SecretStr
    rate: RateLimit
    quota_mode: QuotaMode = "paced"  #: How near to the limit.
    share: float = 1.0  #: The part of the account's limit that is ours.
    daily_limit: int | None  #: Calls per day; None: not counted.
    auth: Literal["query", "header"]
    ca_file: Path | None
    proxy: SecretStr  #: Its URL, perhaps with a password; "" for none, as for loopback hosts.
    ledger: Path
    state_folder: Path
    memory: int  #: Bytes that reading a workbook may take.

    @property
    def host(self) -> str:
        """The host, with its port where one is named."""
        return self.base_url.partition("://")[2]

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine."""
        return _without_port(self.host) in LOOPBACK

    @property
    def account_host(self) -> str:
        """The host as part of the account's name: on loopback without the port, which changes."""
        return _without_port(self.host) if self.is_loopback else self.host

    @property
    def key_digest(self) -> str:
        """Names the access key without telling it: 12 hexadecimal digits."""
        return blake2b(self.access_key.get_secret_value().encode(), digest_size=6).hexdigest()

    @property
    def key_name(self) -> str:
        """Names host and access key, for what must be known before any call could tell more."""
        return f"{self.account_host}/key:{self.key_digest}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must be in no text: for `redact` and the client only."""
        keys = self.access_key.get_secret_value(), self.secret_key.get_secret_value()
        found = _PROXY.fullmatch(self.proxy.get_secret_value())
        if not found or not found["name"]:
            return keys
        # The name alone may be any word; with the password it is what would give access.
        login = f"{found['name']}:{found['password'] or ''}"
        password = found["password"] or ""
        return (*keys, *dict.fromkeys((unquote(login), login, unquote(password), password)))


def load_settings(environ: Mapping[str, str]) -> Settings:
    """All settings of what talks to the CRM.

    White space and one pair of quotes around a value, the usual leavings of copying, are cut. A
    setting that is there and blank counts as missing.

    Raises:
        SettingsError: Something is missing (all that is missing is named) or wrong.
    """
    missing = [name for name in (HOST, ACCESS_KEY, SECRET_KEY) if not _get(environ, name)]
    if missing:
        raise SettingsError(
            f"{_listed(missing)} {'is' if len(missing) == 1 else 'are'} not set"
            f"{_misspelt(environ, missing)}",
            advice="Set what is missing in the environment, or in a file .env in this folder; host "
            "and keys stand in LeadSquared under My Profile > Settings > API and Webhooks. For a "
            "try without an account, `migrator sandbox` prints the lines to set.",
        )
    base_url = _base_url(_get(environ, HOST), allowed=_allowed_host(environ))
    return Settings(
        base_url=base_url,
        access_key=_key(environ, ACCESS_KEY),
        secret_key=_key(environ, SECRET_KEY),
        rate=quota_settings(environ),
        quota_mode=_quota_mode(environ),
        share=_share(environ),
        daily_limit=_daily_limit(environ),
        auth=_auth(environ),
        ca_file=Path(named).expanduser() if (named := _get(environ, CA_FILE)) else None,
        proxy=_proxy(environ, base_url),
        ledger=ledger_path(environ),
        state_folder=state_folder(environ),
        memory=memory_budget(environ),
    )


def quota_settings(environ: Mapping[str, str]) -> RateLimit:
    """The account's limit; needs no keys, so that `check` can tell how long a run takes.

    >>> quota_settings({"LSQ_RATE_LIMIT": "10/5"})
    RateLimit(limit=10, window=5.0)
    """
    text = _get(environ, RATE_LIMIT)
    if not text:
        return RateLimit()
    found = _RATE.fullmatch(text)
    if not found or int(found[1]) < 1 or float(found[2]) <= 0:
        raise _wrong(
            RATE_LIMIT, text, "Write calls and seconds, such as LSQ_RATE_LIMIT=25/5 (the default)."
        )
    return RateLimit(limit=int(found[1]), window=float(found[2]))


def ledger_path(environ: Mapping[str, str]) -> Path:
    """The ledger's file; needs no keys."""
    return Path(_get(environ, LEDGER) or "migrator.db").expanduser()


def memory_budget(environ: Mapping[str, str]) -> int:
    """Bytes of memory that reading a workbook may take; needs no keys.

    >>> memory_budget({}), memory_budget({"MIGRATOR_MEMORY": "512 MiB"})
    (1073741824, 536870912)
    """
    text = _get(environ, MEMORY)
    if not text:
        return DEFAULT_MEMORY
    try:
        found = int(TypeAdapter(ByteSize).validate_python(text))
    except ValidationError:
        found = 0
    if found <= 0:
        raise _wrong(MEMORY, text, "Write a size, such as MIGRATOR_MEMORY=1GiB (the default).")
    return found


def state_folder(environ: Mapping[str, str]) -> Path:
    """Where small things are kept that belong to no ledger; needs no keys."""
    named = _get(environ, STATE_DIR)
    if named:
        return Path(named).expanduser()
    return platformdirs.user_state_path("migrator", appauthor=False)


# ------------------------------------------------------------------ one setting each


def _get(environ: Mapping[str, str], name: str) -> str:
    text = environ.get(name, "").strip(" \t")
    if len(text) >= 2 and text[0] in _QUOTES and text[0] == text[-1]:
        text = text[1:-1].strip(" \t")
    if printable(text) != text:
        raise SettingsError(
            f"{name} holds a line break or another character that does not show",
            advice=f"Copy the value again, without what stands around it, and set {name} anew.",
        )
    return text


def _key(environ: Mapping[str, str], name: str) -> SecretStr:
    text = _get(environ, name)
    if not text.isascii() or " " in text:
        raise SettingsError(
            f"{name} is no key of LeadSquared's: it holds "
            f"{'a space' if text.isascii() else 'a letter that no key has'}",
            advice=f"Copy the key again from LeadSquared, alone, and set {name} anew. In a shell, "
            "put it into single quotes: a key may hold a $.",
        )
    return SecretStr(text)


def _auth(environ: Mapping[str, str]) -> Literal["query", "header"]:
    text = _get(environ, AUTH).lower() or "query"
    if text == "query":
        return "query"
    if text == "header":
        return "header"
    raise _wrong(AUTH, text, "Write LSQ_AUTH=query (the default) or LSQ_AUTH=header.")


def _quota_mode(environ: Mapping[str, str]) -> QuotaMode:
    text = _get(environ, QUOTA).lower() or "paced"
    for mode in get_args(QuotaMode):
        if text == mode:
            return cast("QuotaMode", mode)
    raise _wrong(
        QUOTA, text, "Write LSQ_QUOTA=paced (the default), learned or sure: docs/quota.md."
    )


def _share(environ: Mapping[str, str]) -> float:
    text = _get(environ, SHARE)
    if not text:
        return 1.0
    found = re.fullmatch(r"0?\.\d{1,6}|1(?:\.0{1,6})?", text, re.ASCII)
    if not found or float(text) <= 0:
        raise _wrong(SHARE, text, "Write the part of the limit that is ours, such as 0.8.")
    return float(text)


def _proxy(environ: Mapping[str, str], base_url: str) -> SecretStr:
    """The proxy's URL; none for this machine, which no proxy would find."""
    text = _get(environ, PROXY)
    if not text:
        return SecretStr("")
    found = _PROXY.fullmatch(text)
    if not found or int(found["port"] or 1) > 65535 or ":" in unquote(found["name"] or ""):
        # Not shown: a password may stand in it.
        raise SettingsError(
            f"{PROXY} is no address of a proxy",
            advice="Write `LSQ_PROXY=http://proxy.example:3128`, with name:password@ before the "
            "host where the proxy asks for them; in these write anything but letters, digits and "
            "-._~ percent-encoded, such as %40 for @.",
        )
    is_loopback = _without_port(base_url.partition("://")[2]) in LOOPBACK
    return SecretStr("" if is_loopback and base_url.startswith("http:") else text)


def _daily_limit(environ: Mapping[str, str]) -> int | None:
    text = _get(environ, DAILY_LIMIT)
    if not text:
        return None
    if not re.fullmatch(r"[1-9]\d{0,9}", text, re.ASCII):
        raise _wrong(DAILY_LIMIT, text, "Write the calls per day in digits, or unset it.")
    return int(text)


# ------------------------------------------------------------------ the host


def _base_url(text: str, *, allowed: str) -> str:
    """The URL that all calls begin with, when the keys may go there.

    A host is LeadSquared's by its domain, or is this machine, or is exactly the one that
    LSQ_ALLOW_HOST names. Anything that is more than a host is refused, never cut to size: a part
    that was overlooked would be a way for the keys to go elsewhere.
    """
    found = _ADDRESS.fullmatch(text)
    if not found:
        raise _wrong(HOST, text, _only_a_host(text))
    scheme, host, port = (found[part] or "" for part in ("scheme", "host", "port"))
    scheme, host = scheme.lower(), host.lower()
    if port and int(port) > 65535:
        raise _wrong(HOST, text, _only_a_host(text))
    address = f"{host}:{port}" if port else host
    if host in LOOPBACK:
        return _loopback_url(text, scheme, address)
    if scheme == "http":
        raise _wrong(HOST, text, f"The keys travel over https only: write `{HOST}={address}`.")
    if not _is_allowed(host, port, allowed):
        raise _wrong(HOST, text, _not_allowed(address))
    return f"https://{address}"


def _loopback_url(text: str, scheme: str, address: str) -> str:
    if not scheme:
        advice = f"For a sandbox on this machine write `{HOST}=http://{address}`."
        raise _wrong(HOST, text, advice)
    return f"{scheme}://{address}"


def _is_allowed(host: str, port: str, allowed: str) -> bool:
    address = f"{host}:{port}" if port else host
    if allowed and address == allowed:
        return True
    labels = host.split(".")
    is_well_formed = all(label and label.strip("-") == label for label in labels)
    return host.endswith(VENDOR_DOMAIN) and is_well_formed and port in ("", "443")


def _allowed_host(environ: Mapping[str, str]) -> str:
    text = _get(environ, ALLOW_HOST)
    found = _ADDRESS.fullmatch(text)
    if text and (not found or found["scheme"]):
        raise _wrong(
            ALLOW_HOST,
            text,
            "Write one host without https:// and path, with its port if it has one.",
        )
    return text.lower()


def _only_a_host(text: str) -> str:
    example = named_host(text) or "api-in21.leadsquared.com"
    return (
        "Write the host alone, as LeadSquared shows it under My Profile > Settings > API and "
        f"Webhooks, without /v2/ and anything else around it, such as `{HOST}={example}`."
    )


def _not_allowed(address: str) -> str:
    if "leadsq" in address:
        return (
            "It looks like a host of LeadSquared's, and the keys would go to somebody else: such "
            f"hosts end in {VENDOR_DOMAIN}. Copy it again from My Profile > Settings > API and "
            "Webhooks."
        )
    return (
        f"The keys are sent only to hosts that end in {VENDOR_DOMAIN}. If {address} is yours and "
        f"may have them, set `{ALLOW_HOST}={address}`, too."
    )


# ------------------------------------------------------------------ words


def unknown_names(environ: Mapping[str, str]) -> dict[str, str]:
    """Names that look like settings and are none, to what was perhaps meant, or to "".

    >>> unknown_names({"LSQ_RATE_LIMTI": "10/5", "LSQ_SHARE": "1"})
    {'LSQ_RATE_LIMTI': 'LSQ_RATE_LIMIT'}
    """
    return {
        name: next(iter(get_close_matches(name, NAMES, n=1, cutoff=0.8)), "")
        for name in sorted(environ)
        if name.startswith("LSQ_") and name not in NAMES
    }


def _misspelt(environ: Mapping[str, str], missing: list[str]) -> str:
    """Names that are set and were perhaps meant; never their values."""
    unknown = [name for name in environ if name.startswith("LSQ") and name not in NAMES]
    meant = [
        f"{near[0]} is set: was {name} meant?"
        for name in missing
        if (near := get_close_matches(name, unknown, n=1, cutoff=0.8))
    ]
    return f" ({' '.join(meant)})" if meant else ""


def _wrong(name: str, text: str, advice: str) -> SettingsError:
    shown = _MAY_HOLD_A_KEY.sub("…", text)
    shown = shown if len(shown) <= 80 else f"{shown[:80]}…"
    return SettingsError(f'{name} is "{shown}", which cannot be used', advice=advice)


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _without_port(address: str) -> str:
    return address if address.endswith("]") else re.sub(r":\d+$", "", address)
