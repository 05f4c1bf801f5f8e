"""`migrator fields`: what it is asked for is not there, or may not be read or written."""

from tests.acceptance.error_scene import MISTYPED, Group, Scene

case = Group("The fields of a type")
FIELDS = "migrator fields --type 12000"


@case("A type that the account does not have", "migrator fields --type 12009", code=2)
def _(at: Scene) -> None:
    pass


@case("A type that is no number", "migrator fields --type Deals", code=2)
def _(at: Scene) -> None:
    pass


@case("--force without --save", f"{FIELDS} --force", code=2)
def _(at: Scene) -> None:
    pass


@case("Wrong keys for fields", FIELDS, code=8)
def _(at: Scene) -> None:
    at.set(**dict(zip(("LSQ_ACCESS_KEY", "LSQ_SECRET_KEY"), MISTYPED, strict=True)))


@case("Keys of another region for fields", FIELDS, code=8)
def _(at: Scene) -> None:
    at.sandbox.change(wrong_region="api-us11.leadsquared.com")


@case("No network for fields", FIELDS, code=7)
def _(at: Scene) -> None:
    from tests.acceptance.error_cases.network import closed_port  # above, it would come first

    at.set(LSQ_API_HOST=f"http://127.0.0.1:{closed_port()}")
    at.differs[r"no connection: [^)]*\)"] = "no connection: {what the system says})"


@case("A login page for fields", FIELDS, code=7)
def _(at: Scene) -> None:
    from tests.acceptance.error_cases.network import gateway

    at.set(LSQ_API_HOST=gateway(at, everything=200))


@case("--save names a mapping", f"{FIELDS} --save deals.yaml", code=5)
def _(at: Scene) -> None:
    at.keep("deals.yaml")


@case("--save names the file of another account", f"{FIELDS} --save account.json", code=5)
def _(at: Scene) -> None:
    at.file("account.json", '{"host": "api-us11.leadsquared.com"}')
    at.keep("account.json")


@case("--save names a folder that is not there", f"{FIELDS} --save nowhere/deals.json", code=3)
def _(at: Scene) -> None:
    pass
