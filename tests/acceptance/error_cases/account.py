"""Settings, keys, regions and users."""

from tests.acceptance.error_scene import MISTYPED, Group, Scene

case = Group("The account")
KEYS = ("LSQ_ACCESS_KEY", "LSQ_SECRET_KEY")


@case("No settings at all", code=5)
def _(at: Scene) -> None:
    at.unset("LSQ_API_HOST", *KEYS)


@case("One setting is missing", code=5)
def _(at: Scene) -> None:
    at.unset("LSQ_SECRET_KEY")


@case("A setting is there and blank", code=5)
def _(at: Scene) -> None:
    at.set(LSQ_ACCESS_KEY='""')


@case("A key with a space in it", code=5)
def _(at: Scene) -> None:
    at.set(LSQ_SECRET_KEY="mIstyped/ Secret==")


@case("Wrong keys", code=8)
def _(at: Scene) -> None:
    at.set(**dict(zip(KEYS, MISTYPED, strict=True)))


@case("Keys of another region, before the first update", code=8)
def _(at: Scene) -> None:
    at.sandbox.change(wrong_region="api-us11.leadsquared.com")


@case("Keys of another region, in the middle of a run", "migrator resume --yes", code=8)
def _(at: Scene) -> None:
    at.stopped_with_one_left()
    at.sandbox.change(wrong_region="api-us11.leadsquared.com")


@case("The user is deactivated before the first update", code=8)
def _(at: Scene) -> None:
    at.sandbox.change(deactivated=True)


@case("The user is deactivated in the middle of a run", "migrator resume --yes", code=8)
def _(at: Scene) -> None:
    at.stopped_with_one_left()
    at.sandbox.change(deactivated=True)


@case("A look-alike of LeadSquared's host", code=5)
def _(at: Scene) -> None:
    at.set(LSQ_API_HOST="api-in21.leadsquared.com.evil.com")
