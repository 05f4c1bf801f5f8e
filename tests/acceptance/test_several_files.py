"""A night with several files, and with settings from a file alone."""

from tests.acceptance.rehearsal import Desk, SandboxProcess, deals


def test_several_files_are_one_run_and_each_row_names_its_file(
    desk: Desk, sandbox: SandboxProcess
) -> None:
    rows = list(deals(6))
    desk.write_sheet(rows[3:], name="deals-10.csv")
    desk.write_sheet([*rows[:3], ("bad", "Bad", "1,000", "South", "")], name="deals-9.csv")
    desk.environment["LSQ_RATE_LIMIT"] = "100/0.2"

    ended = desk.type("run", "deals-*.csv", "-m", "deals.yaml", "--yes", code=10)

    assert "deals-*.csv" in ended.output
    assert desk.states() == {"succeeded": 6, "rejected": 1}
    assert len(sandbox.updates) == 6
    listed = ("deals-10.csv", "deals-9.csv")  # as a shell lists them
    again = desk.type("run", *listed, "-m", "deals.yaml", "--yes", code=10)
    assert len(sandbox.updates) == 6
    assert "deals-9.csv:5" in ended.output + again.output


def test_settings_from_a_file_alone_are_enough(desk: Desk, sandbox: SandboxProcess) -> None:
    names = [name for name in desk.environment if name.startswith("LSQ_")]
    lines = [f"{name}='{desk.environment.pop(name)}'\n" for name in names]
    (desk.folder / ".env").write_text("".join(lines), encoding="utf-8")
    (desk.folder / ".env").chmod(0o600)
    desk.write_sheet(deals(2))

    desk.run()

    assert len(sandbox.updates) == 2
