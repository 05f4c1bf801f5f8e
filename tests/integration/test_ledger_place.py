"""Where a ledger is warned about, and which ledgers are remembered."""

from collections import namedtuple
from pathlib import Path, PureWindowsPath

import psutil
import pytest

from migrator.ledger import open_ledger
from migrator.ledger.known import MOST_KEPT, KnownLedgers
from migrator.ledger.place import warning_about
from tests.integration.dispatching import plan

Disk = namedtuple("Disk", "device mountpoint fstype opts")


@pytest.mark.parametrize(
    "folder",
    ["OneDrive - Example Ltd", "Dropbox", "Google Drive", "My Drive", "iCloudDrive", "Nextcloud"],
)
def test_a_synced_folder_is_named(tmp_path: Path, folder: str) -> None:
    assert f'synced folder "{folder}"' in warning_about(tmp_path / folder / "deals" / "migrator.db")


def test_a_folder_of_this_machine_is_fine(tmp_path: Path) -> None:
    assert warning_about(tmp_path / "migrator.db") == ""


@pytest.mark.parametrize(
    ("fstype", "opts"),
    [("nfs4", "rw"), ("cifs", "rw"), ("smbfs", "rw"), ("fuse.sshfs", "rw"), ("NTFS", "rw,remote")],
)
def test_a_network_disk_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fstype: str, opts: str
) -> None:
    # No network disk can be mounted in a test: the machine's list of disks is what is set here.
    disks = [Disk("d", "/", "ext4", "rw"), Disk("n", str(tmp_path), fstype, opts)]
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_options: disks)

    assert fstype in warning_about(tmp_path / "folder" / "migrator.db")


def test_a_disk_that_is_mounted_inside_a_network_disk_counts_for_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = tmp_path / "local"
    disks = [Disk("n", str(tmp_path), "nfs", "rw"), Disk("d", str(local), "ext4", "rw")]
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_options: disks)

    assert warning_about(local / "migrator.db") == ""


def test_a_share_of_windows_is_a_network_disk() -> None:
    share = PureWindowsPath("\\\\server\\share\\migrator.db")

    assert "network disk" in warning_about(share)  # type: ignore[arg-type]


def test_the_newest_ledgers_are_kept_once_each(tmp_path: Path) -> None:
    known = KnownLedgers(tmp_path)
    for number in range(MOST_KEPT + 5):
        known.remember(tmp_path / f"{number}.db")
    known.remember(tmp_path / "50.db")

    paths = known._paths()

    assert len(paths) == MOST_KEPT
    assert paths[0].endswith("50.db")
    assert len(set(paths)) == MOST_KEPT


def test_a_ledger_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    known = KnownLedgers(tmp_path / "state")
    (tmp_path / "garbage.db").write_bytes(b"nothing" * 1000)
    with open_ledger(tmp_path / "good.db") as ledger:
        run = plan(ledger)
    for name in ("good.db", "garbage.db"):
        known.remember(tmp_path / name)

    found = list(
        known.others_that_know(
            tmp_path / "new.db", account=run.account, source_name=run.source.name
        )
    )

    assert [(item.ledger.name, item.id) for item in found] == [("good.db", run.id)]


def test_a_list_that_is_no_list_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "ledgers.json").write_text("{", encoding="utf-8")

    found = KnownLedgers(tmp_path).others_that_know(
        tmp_path / "new.db", account="a", source_name="s"
    )

    assert not list(found)
