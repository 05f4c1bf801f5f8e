"""`migrator doctor`: what it cannot ask, and what it is asked wrongly."""

from tests.acceptance.error_scene import MISTYPED, Group, Scene

case = Group("The doctor")
TRIAL = "migrator doctor --created-on 5ca5b042-51ea-4699-86f0-000000000001"


@case("CreatedOn is to be tried, and there is no terminal", TRIAL, code=2)
def _(at: Scene) -> None:
    pass


@case("An empty id for --created-on", "migrator doctor --created-on ''", code=2)
def _(at: Scene) -> None:
    pass


@case("Wrong keys for doctor", "migrator doctor", code=8, advice=False)
def _(at: Scene) -> None:
    at.set(**dict(zip(("LSQ_ACCESS_KEY", "LSQ_SECRET_KEY"), MISTYPED, strict=True)))


@case("No settings for doctor", "migrator doctor", code=5, advice=False)
def _(at: Scene) -> None:
    at.unset("LSQ_API_HOST", "LSQ_ACCESS_KEY", "LSQ_SECRET_KEY")
