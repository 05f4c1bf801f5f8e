from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.errors import SettingsError
from migrator.settings import (
    RateLimit,
    Settings,
    ledger_path,
    load_settings,
    quota_settings,
    state_folder,
)

ACCESS = "u$r0123456789abcdef"
SECRET = "5ecre7c0ffee5ecre7c0ffee"


def environ(**changes: str) -> dict[str, str]:
    complete = {
        "LSQ_API_HOST": "api-in21.leadsquared.com",
        "LSQ_ACCESS_KEY": ACCESS,
        "LSQ_SECRET_KEY": SECRET,
    }
    return complete | changes


def load(**changes: str) -> Settings:
    return load_settings(environ(**changes))


def refusal(**changes: str) -> str:
    with pytest.raises(SettingsError) as raised:
        load(**changes)
    text = str(raised.value)
    assert ACCESS not in text
    assert SECRET not in text
    assert "\n  " in text  # the advice
    return text


# ------------------------------------------------------------------ hosts


@pytest.mark.parametrize(
    ("host", "base_url"),
    [
        ("api.leadsquared.com", "https://api.leadsquared.com"),
        ("https://api-us11.leadsquared.com", "https://api-us11.leadsquared.com"),
        ("API-In21.LeadSquared.com", "https://api-in21.leadsquared.com"),
        ("api.leadsquared.com:443", "https://api.leadsquared.com:443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("https://127.0.0.1:8443", "https://127.0.0.1:8443"),
        ('  "api.leadsquared.com" ', "https://api.leadsquared.com"),
    ],
)
def test_leadsquareds_hosts_and_this_machine_may_have_the_keys(host: str, base_url: str) -> None:
    assert load(LSQ_API_HOST=host).base_url == base_url


REFUSED_HOSTS = [
    "evil.com",
    "evil.com/",
    "api.leadsquared.com/",
    "https://api.leadsquared.com/v2/",
    "api.leadsquared.com/v2",
    "a@b",
    "user@api.leadsquared.com",
    "api.leadsquared.com@evil.com",
    "https://evil.com#api.leadsquared.com",
    "evil.com?.leadsquared.com",
    "host?x=",
    "api.leadsquared.com?x=",
    "api.leadsquared.com#",
    "api.leadsquared.com\\@evil.com",
    "169.254.169.254",
    "http://169.254.169.254",
    "10.0.0.1",
    "127.0.0.1",
    "127.0.0.1:22",
    "localhost",
    "127.1",
    "0x7f.1",
    "2130706433",
    "0.0.0.0",
    "http://0.0.0.0:8080",
    "http://127.0.0.2:80",
    "http://127.0.0.1.evil.com",
    "http://localhost.evil.com:80",
    "[::]",
    "http://[::ffff:127.0.0.1]:80",
    "leadsquared.com",
    ".leadsquared.com",
    "api..leadsquared.com",
    "-.leadsquared.com",
    "api-.leadsquared.com",
    "leadsquared.com.evil.com",
    "evilleadsquared.com",
    "api-leadsquared.com",
    "api.leadsquared.com.",
    "api.leadsquared.co",
    "api.leadsquared.com:22",
    "api.leadsquared.com:0",
    "api.leadsquared.com:99999",
    "api.leadsquared.com:",
    "http://api.leadsquared.com",
    "ftp://api.leadsquared.com",
    "//api.leadsquared.com",
    "https://https://api.leadsquared.com",
    "api.leadsquared.com\r\nX-Evil: 1",
    "api.leadsquared.com\n",
    "api.leadsquared.com\x00",
    "api.leadsquared.com evil.com",
    "аpi.leadsquared.com",  # noqa: RUF001 - a Cyrillic first letter
    "api.leadsquared.\uff43om",
    "api.leadsquared。com",
    "api.%6ceadsquared.com",
    "api_1.leadsquared.com",
    "*",
    "*.leadsquared.com",
]


@pytest.mark.parametrize("host", REFUSED_HOSTS)
def test_whatever_is_not_a_host_of_leadsquareds_is_refused(host: str) -> None:
    assert "LSQ_API_HOST" in refusal(LSQ_API_HOST=host)


@given(st.text(alphabet="abc.:/@?#-[]1%\\ é\n", max_size=12), st.text(max_size=5))
def test_no_text_gets_the_keys_to_go_elsewhere(before: str, after: str) -> None:
    try:
        settings = load(LSQ_API_HOST=f"{before}.leadsquared.com{after}")
    except SettingsError:
        return
    assert settings.base_url.startswith("https://")
    assert settings.host.removesuffix(":443").endswith(".leadsquared.com")
    assert not set(settings.host) & set("/@?#\\ \n%")


def test_another_host_needs_to_be_named_exactly() -> None:
    told = refusal(LSQ_API_HOST="crm.example.org:8443")
    assert "LSQ_ALLOW_HOST=crm.example.org:8443" in told

    named = load(LSQ_API_HOST="crm.example.org:8443", LSQ_ALLOW_HOST="crm.example.org:8443")
    assert named.base_url == "https://crm.example.org:8443"


@pytest.mark.parametrize(
    "allowed",
    ["example.org", "crm.example.org", "*.example.org:8443", "https://crm.example.org:8443"],
)
def test_a_host_that_is_named_otherwise_is_refused(allowed: str) -> None:
    refusal(LSQ_API_HOST="crm.example.org:8443", LSQ_ALLOW_HOST=allowed)


def test_naming_a_host_does_not_allow_http() -> None:
    assert "https" in refusal(
        LSQ_API_HOST="http://crm.example.org", LSQ_ALLOW_HOST="crm.example.org"
    )


def test_a_loopback_host_without_scheme_is_told_how_to_be_written() -> None:
    assert "LSQ_API_HOST=http://127.0.0.1:22" in refusal(LSQ_API_HOST="127.0.0.1:22")


def test_keys_that_were_pasted_into_the_host_are_not_shown() -> None:
    told = refusal(LSQ_API_HOST=f"https://api.leadsquared.com/v2/?accessKey={ACCESS}")
    told += refusal(LSQ_API_HOST=ACCESS)
    told += refusal(LSQ_API_HOST=f"https://{SECRET}@api.leadsquared.com")

    assert "api.leadsquared.com" in told


# ------------------------------------------------------------------ keys


@pytest.mark.parametrize(
    ("given_", "told"),
    [
        ({}, "LSQ_API_HOST, LSQ_ACCESS_KEY and LSQ_SECRET_KEY are not set"),
        ({"LSQ_API_HOST": "api.leadsquared.com"}, "LSQ_ACCESS_KEY and LSQ_SECRET_KEY are not set"),
        (environ(LSQ_SECRET_KEY=" "), "LSQ_SECRET_KEY is not set"),
        (environ(LSQ_ACCESS_KEY='""'), "LSQ_ACCESS_KEY is not set"),
    ],
)
def test_all_that_is_missing_is_named_at_once(given_: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError, match=f"^{told}\n") as raised:
        load_settings(given_)
    assert raised.value.exit_code == 5


@pytest.mark.parametrize("around", ["{}", " {} ", "\t{}", "'{}'", ' "{}" '])
def test_what_copying_leaves_around_a_key_is_cut(around: str) -> None:
    settings = load(LSQ_ACCESS_KEY=around.format(ACCESS))

    assert settings.secrets == (ACCESS, SECRET)


@pytest.mark.parametrize(
    "wrong", [f"{SECRET}\n", f"{SECRET}\r", f"{SECRET} x", f"{SECRET}é", f"\u200f{SECRET}"]
)
def test_a_key_that_is_no_key_is_refused_without_showing_it(wrong: str) -> None:
    assert "LSQ_SECRET_KEY" in refusal(LSQ_SECRET_KEY=wrong)


def test_the_keys_show_in_no_form_of_the_settings() -> None:
    settings = load()

    for text in (repr(settings), str(settings), settings.model_dump_json(), f"{settings.rate}"):
        assert ACCESS not in text
        assert SECRET not in text


# ------------------------------------------------------------------ the others


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("", RateLimit(limit=25, window=5.0)),
        ("10/5", RateLimit(limit=10, window=5.0)),
        (" 72 / 2.5 ", RateLimit(limit=72, window=2.5)),
        ("1/1", RateLimit(limit=1, window=1.0)),
    ],
)
def test_the_rate_limit_is_calls_per_seconds(text: str, limit: RateLimit) -> None:
    assert quota_settings({"LSQ_RATE_LIMIT": text}) == limit


@pytest.mark.parametrize("text", ["25", "0/5", "25/0", "-1/5", "25/5s", "2.5/5", "٢٥/٥", "1/2/3"])  # noqa: RUF001
def test_a_rate_limit_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="LSQ_RATE_LIMIT=25/5"):
        quota_settings({"LSQ_RATE_LIMIT": text})


def test_the_rate_is_told_per_second() -> None:
    assert RateLimit().per_second == 5.0


@pytest.mark.parametrize(("text", "calls"), [("", None), ("10000", 10_000)])
def test_the_daily_limit_is_read(text: str, calls: int | None) -> None:
    assert load(LSQ_DAILY_LIMIT=text).daily_limit == calls


@pytest.mark.parametrize(
    "wrong",
    [
        {"LSQ_DAILY_LIMIT": "many"},
        {"LSQ_DAILY_LIMIT": "0"},
        {"LSQ_AUTH": "cookie"},
        {"LSQ_RATE_LIMIT": "fast"},
        {"LSQ_ALLOW_HOST": "a b"},
    ],
    ids=str,
)
def test_a_wrong_setting_is_named_with_its_value(wrong: dict[str, Any]) -> None:
    ((name, value),) = wrong.items()

    assert f'{name} is "{value}"' in refusal(**wrong)


def test_the_keys_travel_in_the_query_unless_the_settings_say_header() -> None:
    assert load().auth == "query"
    assert load(LSQ_AUTH="Header").auth == "header"


def test_paths_come_from_the_environment() -> None:
    settings = load(MIGRATOR_LEDGER="my.db", MIGRATOR_STATE_DIR="state", LSQ_CA_FILE="roots.pem")

    assert (settings.ledger, settings.state_folder, settings.ca_file) == (
        Path("my.db"),
        Path("state"),
        Path("roots.pem"),
    )


def test_paths_have_places_of_their_own_and_need_no_keys() -> None:
    assert ledger_path({}) == Path("migrator.db")
    assert state_folder({}).is_absolute()
    assert "migrator" in state_folder({}).parts


def test_host_and_key_are_named_without_telling_the_key() -> None:
    name = load().key_name

    assert name == load(LSQ_SECRET_KEY="another").key_name
    assert name != load(LSQ_ACCESS_KEY="u$ranother").key_name
    assert name != load(LSQ_API_HOST="api.leadsquared.com").key_name
    assert load().access_key.get_secret_value() not in name


def test_the_quota_can_be_chosen() -> None:
    assert (load().quota_mode, load().share) == ("paced", 1.0)
    assert load(LSQ_QUOTA="Learned", LSQ_SHARE="0.8").quota_mode == "learned"
    assert load(LSQ_SHARE=".25").share == 0.25


@pytest.mark.parametrize("share", ["0", "1.1", "-0.5", "80%", "0.0"])
def test_a_share_is_a_part(share: str) -> None:
    with pytest.raises(SettingsError, match="LSQ_SHARE"):
        load(LSQ_SHARE=share)


def test_a_quota_has_a_name() -> None:
    with pytest.raises(SettingsError, match="paced"):
        load(LSQ_QUOTA="fast")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_on_loopback_the_port_is_not_part_of_the_account(host: str) -> None:
    one, other = (load(LSQ_API_HOST=f"http://{host}{port}") for port in (":8080", ""))

    assert one.account_host == other.account_host == host
    assert one.key_name == other.key_name
    assert one.host == f"{host}:8080"


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().base_url = "https://evil.com"  # type: ignore[misc]


def test_a_misspelt_name_is_pointed_at_and_its_value_kept_quiet() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({"LSQ_HOST": "x", "LSQ_ACCES_KEY": "u$rOne4711"})

    assert "LSQ_ACCES_KEY is set: was LSQ_ACCESS_KEY meant?" in str(caught.value)
    assert "u$rOne4711" not in str(caught.value)


# ------------------------------------------------------------------ the proxy


@pytest.mark.parametrize(
    "proxy",
    [
        "http://proxy.example:3128",
        "http://proxy.example",
        "https://user:p%40ss@proxy.example:8443/",
        "http://[::1]:3128",
    ],
)
def test_a_proxy_is_an_address(proxy: str) -> None:
    assert load(LSQ_PROXY=proxy).proxy.get_secret_value() == proxy
    assert "p%40ss" not in repr(load(LSQ_PROXY=proxy))


@pytest.mark.parametrize(
    "proxy",
    [
        "proxy.example:3128",
        "socks5://proxy.example:1080",
        "http://",
        "http://proxy.example:0",
        "http://proxy.example:99999",
        "http://proxy.example/path",
        "http://us:er:hunter2@proxy.example",
        "http://user:hunter2#@proxy.example",
        "http://user:hunter2?x@proxy.example",
        "http://user:hunter2[@proxy.example",
        "http://user:hunter2\\@proxy.example",
        "http://user:hunter2%zz@proxy.example",
        "http://user:hunter2€@proxy.example",
        "http://us%3Aer:hunter2@proxy.example",
        "http://proxy.example:3128\r\nX: y",
    ],
)
def test_what_is_no_proxy_is_refused_without_showing_it(proxy: str) -> None:
    with pytest.raises(SettingsError, match="LSQ_PROXY") as raised:
        load(LSQ_PROXY=proxy)
    assert "hunter2" not in str(raised.value)


def test_a_proxys_password_is_a_secret() -> None:
    settings = load(LSQ_PROXY="http://user:p%40ss@proxy.example:3128")

    assert {"p@ss", "p%40ss", "user:p@ss"} <= set(settings.secrets)
    assert "user" not in settings.secrets  # any word; every text would be full of holes


def test_a_sandbox_on_this_machine_is_reached_without_the_proxy() -> None:
    settings = load(LSQ_API_HOST="http://127.0.0.1:8080", LSQ_PROXY="http://proxy.example:3128")

    assert settings.proxy.get_secret_value() == ""


def test_no_setting_turns_the_check_of_certificates_off() -> None:
    """Nothing among the settings speaks of it, and the client's context always checks."""
    assert not [name for name in Settings.model_fields if "verify" in name or "insecure" in name]
