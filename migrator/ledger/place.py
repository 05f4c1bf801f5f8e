"""Whether a folder is a good place for a ledger.

Owns the warning only: SQLite's locks and its write-ahead log need a disk of this machine, and a
program that copies files to a cloud while they change may bring back half of one.
"""

from pathlib import Path
from typing import Final

import psutil

NETWORK_DISKS: Final = (
    "nfs", "cifs", "smb", "afpfs", "webdav", "davfs", "9p", "ceph", "glusterfs", "lustre", "afs",
    "fuse.sshfs", "fuse.rclone", "fuse.s3fs", "fuse.gcsfuse", "fuse.davfs",
)  # fmt: skip
"""How the types of file systems begin that lie on another machine."""

SYNCED_FOLDERS: Final = (
    "onedrive", "dropbox", "google drive", "googledrive", "my drive", "icloud",
    "mobile documents", "cloudstorage", "box sync", "nextcloud", "owncloud", "pclouddrive",
    "syncthing",
)  # fmt: skip
"""How folders begin, in lower case, that a program copies to a cloud; each program's default."""


def warning_about(ledger: Path) -> str:
    """What is to be said of the ledger's place; "" when nothing is."""
    disk = _network_disk(ledger)
    if disk:
        return (
            f"the ledger lies on a network disk ({disk}): its locks may not hold there, and two "
            "processes could damage it. A folder of this machine is safer: --ledger FILE"
        )
    synced = _synced_folder(ledger)
    if synced:
        return (
            f'the ledger lies in the synced folder "{synced}": a program that copies it while it '
            "changes may damage it. A folder that is not synced is safer: --ledger FILE"
        )
    return ""


def _network_disk(path: Path) -> str:
    if str(path).startswith("\\\\"):
        return "a path that begins with two backslashes"
    best, kind = Path(), ""
    for disk in psutil.disk_partitions(all=True):
        mounted = Path(disk.mountpoint)
        if path.is_relative_to(mounted) and len(mounted.parts) >= len(best.parts):
            is_remote = disk.fstype.lower().startswith(NETWORK_DISKS) or "remote" in disk.opts
            best, kind = mounted, (disk.fstype or "remote") if is_remote else ""
    return kind


def _synced_folder(path: Path) -> str:
    return next((part for part in path.parent.parts if part.lower().startswith(SYNCED_FOLDERS)), "")
