"""`migrator.toml` and the notes policy, as a person meets them: typed, moved, kept with the run."""

import pytest

from tests.acceptance.rehearsal import MAPPING, Desk, Exit, SandboxProcess, deals, guid

MOVED = "note: exceptions, as the settings file says: {} never tried again"
AT_LEAST_ONCE = MAPPING.replace('note: "{Remarks}"', 'note: "{Remarks}", notes: at_least_once')


def say(desk: Desk, text: str, *, name: str = "migrator.toml") -> None:
    (desk.folder / name).write_text(text, encoding="utf-8")


def sent(sandbox: SandboxProcess, number: int) -> int:
    return sum(update["opportunity"] == guid(number) for update in sandbox.updates)


def test_a_type_that_is_final_is_not_tried_again_by_run_resume_and_retry(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    desk.write_sheet(deals(3))
    say(desk, '[exceptions]\nfinal = ["mxException"]\n')
    for number in (1, 2):
        sandbox.strike("mx_transient", opportunity=guid(number), path="Update", times=9)

    ended = desk.run("--limit", "1", code=Exit.STOPPED)
    assert MOVED.format("mxException is") in ended.errors
    assert sent(sandbox, 1) == 1

    ended = desk.type("resume", "--yes", "--patience", "0.5", code=Exit.ATTENTION)
    assert MOVED.format("mxException is") in ended.errors
    assert sent(sandbox, 2) == 1
    assert desk.states() == {"failed": 2, "succeeded": 1}

    ended = desk.type("retry", "--rows", "2", "--yes", "--patience", "0.5", code=Exit.ATTENTION)
    assert MOVED.format("mxException is") in ended.errors
    assert sent(sandbox, 1) == 2


def test_without_it_such_a_type_is_tried_again(sandbox: SandboxProcess, desk: Desk) -> None:
    desk.write_sheet(deals(1))
    sandbox.strike("mx_transient", path="Update", times=1)

    ended = desk.run()

    assert "exceptions" not in ended.errors
    assert desk.states() == {"succeeded": 1}


def test_a_type_that_may_pass_is_tried_again(sandbox: SandboxProcess, desk: Desk) -> None:
    desk.write_sheet(deals(1))
    (desk.folder / "night").mkdir()
    say(desk, '[exceptions]\nretry = ["MXInvalidInputException"]\n', name="night/account.toml")
    desk.environment["MIGRATOR_SETTINGS"] = "night/account.toml"
    sandbox.strike("mx_input", path="Update", times=1)

    ended = desk.run()

    assert "MXInvalidInputException is tried again" in ended.errors
    assert len(sandbox.updates) == 2
    assert desk.states() == {"succeeded": 1}


@pytest.mark.parametrize("command", ["run deals.csv -m deals.yaml", "resume", "retry"])
def test_a_file_that_is_wrong_stops_every_command_that_sends(
    sandbox: SandboxProcess, desk: Desk, command: str
) -> None:
    desk.write_sheet(deals(2))
    sandbox.strike("mx_input", path="Update", times=1)
    if not command.startswith("run"):
        desk.run("--limit", "1", code=None)
    before = len(sandbox.updates)
    say(desk, '[exceptions]\nretry = ["MXAPIRateLimitExceededException"]\n')

    ended = desk.type(*command.split(), "--yes", code=Exit.SETTINGS)

    assert "migrator.toml, line 2:" in ended.errors
    assert "cannot be moved" in ended.errors
    assert len(sandbox.updates) == before
    assert (desk.folder / "migrator.db").exists() is not command.startswith("run")


def test_at_least_once_is_kept_with_the_run_and_holds_in_a_resume_without_the_mapping(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    desk.write_sheet(deals(2))
    desk.write_mapping(AT_LEAST_ONCE)
    # Both calls are applied and no answer comes; no read of the first shows a note of ours.
    sandbox.strike("lost_after", opportunity=guid(1), path="Update", times=1)
    sandbox.change(closed={"GetOpportunityDetails": "refused"})
    process = desk.start("run", "deals.csv", "-m", "deals.yaml", "--yes", "--patience", "60")
    sandbox.wait_for_updates(2, process)
    process.kill()
    desk.end(process)
    (desk.folder / "deals.yaml").unlink()

    desk.type("resume", "--yes", "--patience", "0.5")

    assert desk.states() == {"succeeded": 2}
    # The second's, too, where the kill came before its answer was written down.
    assert desk.status()["notes_possibly_twice"] in (1, 2)
    notes = sandbox.opportunities()[guid(1)]["notes"]
    assert list(notes.values()) == [2]
