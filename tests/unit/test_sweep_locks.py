"""Locks of files: tried with a second process; mounts that keep them to one node refused; a second writer seen."""

from __future__ import annotations

import errno
import fcntl
from pathlib import Path

import pytest

from holdersim.errors import EnvironmentProblem
from holdersim.sweep import locks
from holdersim.sweep.journal import writing

MOUNTS = r"""22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 22 0:45 / /home rw,relatime shared:2 - nfs4 server:/home rw,vers=4.2,local_lock=none
41 40 0:46 / /home/my\040data rw - lustre 10.0.0.1@o2ib:/data rw,localflock
42 22 0:47 / /homestead rw shared:3 master:4 - nfs server:/old rw,vers=3,nolock,local_lock=all
a line of another make
"""


def test_locks_hold_here(tmp_path: Path) -> None:
    """A second process sees the lock and its end; nothing is left behind."""
    locks.check(tmp_path, nodes=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("code", [None, errno.ENOLCK, errno.ENOSYS])
def test_a_file_system_without_locks(
    code: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that takes locks and forgets them, and those that say no: refused in words."""

    def flock(stream: object, how: int) -> None:
        if code is not None:
            raise OSError(code, "no")

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(EnvironmentProblem, match="locks of files do not hold on its file system") as told:
        locks.check(tmp_path)
    assert str(tmp_path) in str(told.value) and told.value.exit_code == 5


def test_mounts_that_lock_for_one_node_only(tmp_path: Path) -> None:
    """Right for workers of one machine, refused where several nodes share the folder."""
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert locks.mount_of(Path("/home/a"), mounts)[0] == "nfs4"
    assert locks.mount_of(Path("/home/my data/b"), mounts) == ("lustre", ("rw", "rw", "localflock"))
    assert locks.mount_of(Path("/homestead"), mounts)[0] == "nfs"
    assert locks.mount_of(Path("/srv"), mounts)[0] == "ext4"
    assert locks.mount_of(Path("/srv"), tmp_path / "none") == ("", ())
    for kind, option in (("nfs", "nolock"), ("nfs4", "local_lock=flock"), ("lustre", "localflock")):
        mounts.write_text(f"1 0 0:1 / / rw - {kind} x rw,{option}\n")
        locks.check(tmp_path, nodes=False, mounts=mounts)
        with pytest.raises(
            EnvironmentProblem, match=rf"\({kind}\) is mounted with {option}: nodes would not"
        ):
            locks.check(tmp_path, nodes=True, mounts=mounts)
    mounts.write_text("1 0 0:1 / / rw - nfs4 x rw,local_lock=none\n")
    locks.check(tmp_path, nodes=True, mounts=mounts)


def test_a_second_writer_in_spite_of_the_lock_is_seen(tmp_path: Path) -> None:
    """As on nodes that do not see each other's locks: the first to notice stops, and the file keeps whole lines."""
    file = tmp_path / "0.jsonl"
    with writing(file) as journal:
        assert journal is not None
        journal.begin(1)
        with file.open("ab") as other:
            other.write(b'{"begin":1}\n')
        with pytest.raises(EnvironmentProblem, match="locks do not hold between the nodes"):
            journal.ended(1, {"status": "ok"})
    assert file.read_text().splitlines() == ['{"begin":1}'] * 2
