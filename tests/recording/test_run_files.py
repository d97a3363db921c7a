"""Files that a program saves with its run: where they are, when they are copied, and how they come back."""

from __future__ import annotations

from pathlib import Path

import pytest

import aspara


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a few files."""
    folder = tmp_path / "work"
    (folder / "out" / "ckpt").mkdir(parents=True)
    for name in ("a.pt", "b.pt", "c.txt"):
        (folder / "out" / "ckpt" / name).write_text(f"content of {name}")
    monkeypatch.chdir(folder)
    return folder


def test_each_file_is_found_once_whatever_the_pattern_matches(disk, here):
    """``**`` matches folders, what is in them, and the files."""
    (here / "out" / "d.txt").write_text("x")
    with aspara.init("p", "r") as run:
        found = run.save("out/**", base_path="out")
    assert ["a.pt", "b.pt", "c.txt", "d.txt"] == sorted(Path(f).name for f in found)


def kept(disk) -> dict[str, str]:
    found = aspara.Api(disk.folder).run("p/r").files()
    return {f.name.removeprefix("artifacts/"): f.path.read_text() for f in found if f.name.startswith("artifacts/")}


@pytest.mark.parametrize("backend", ["jsonl", "polars"])
def test_files_are_kept_under_their_relative_paths(disk, here, backend):
    """A file, a pattern, a folder; relative to the working directory, or to the folder that is given."""
    with aspara.init("p", "r", storage_backend=backend) as run:
        assert ["out/ckpt/a.pt"] == run.save("out/ckpt/a.pt")
        assert 2 == len(aspara.save("out/ckpt/*.pt", base_path="out"))
        run.save(here / "out" / "ckpt" / "c.txt")
        run.save("out", base_path="out/ckpt/..")
    assert ["c.txt", "ckpt/a.pt", "ckpt/b.pt", "ckpt/c.txt", "out/ckpt/a.pt"] == sorted(kept(disk))
    assert "content of b.pt" == kept(disk)["ckpt/b.pt"]
    assert sorted(kept(disk)) == sorted(a["name"] for a in disk.meta("p", "r")["artifacts"])


def test_a_file_is_copied_when_its_policy_says_so(disk, here):
    """Now; now and again when it has changed; at the end."""
    run = aspara.init("p", "r")
    for policy in ("now", "live", "end"):
        Path(policy).write_text("first")
        run.save(policy, policy=policy)
    assert {"now": "first", "live": "first"} == kept(disk)
    for policy in ("now", "live", "end"):
        Path(policy).write_text("second, and longer")
    run.flush()
    assert "second, and longer" == kept(disk)["live"]
    Path("live").write_text("third")
    run.finish()
    assert {"now": "first", "live": "third", "end": "second, and longer"} == kept(disk)


def test_what_is_missing_or_cannot_be_kept_is_told_and_stops_nothing(disk, here, capsys):
    """One sentence; what breaks a rule of names too. Misuse raises."""
    run = aspara.init("p", "r")
    assert [] == run.save("nothing/*.pt")
    assert "nothing/*.pt" in capsys.readouterr().err
    Path('a"b').write_text("x")
    assert [] == run.save('a"b')
    assert "'a\"b' is not saved" in capsys.readouterr().err
    with pytest.raises(aspara.AsparaError, match="'live', 'now' or 'end'"):
        run.save("out", policy="later")
    with pytest.raises(aspara.AsparaError, match="does not lie below"):
        run.save("out/ckpt/a.pt", base_path="out/other")
    run.finish()
    with pytest.raises(aspara.AsparaError, match="has finished"):
        run.save("out")
    assert "" == capsys.readouterr().err
    with aspara.init("p", mode="disabled") as run:
        assert ["out/ckpt/a.pt"] == run.save("out/ckpt/a.pt")


def test_a_saved_file_comes_back(disk, here, tmp_path):
    """Opened, below the folder that is named; what is there already is left alone unless it is to be replaced."""
    with aspara.init("p", "r") as run:
        run.save("out/ckpt/a.pt", base_path="out")
        with aspara.restore("ckpt/a.pt") as file:
            assert ("ckpt/a.pt", "content of a.pt") == (file.name, file.read())
    (here / "ckpt" / "a.pt").write_text("mine")
    with aspara.restore("ckpt/a.pt", "p/r") as file:
        assert "mine" == file.read()
    with aspara.restore("ckpt/a.pt", "p/r", replace=True) as file:
        assert "content of a.pt" == file.read()
    with aspara.restore("ckpt/a.pt", run_path="p/r", root=tmp_path / "else") as file:
        assert str(tmp_path / "else" / "ckpt" / "a.pt") == file.name
    with pytest.raises(aspara.AsparaError, match=r"ckpt/a\.pt"):
        aspara.restore("ghost", "p/r")
    with pytest.raises(aspara.AsparaError, match="no active run"):
        aspara.restore("ckpt/a.pt")
    assert "content of a.pt" == aspara.Api(disk.folder).run("p/r").file("ckpt/a.pt").path.read_text()


def test_hidden_folders_colons_and_links_to_folders_are_kept(disk, here, tmp_path):
    """What hydra writes, what is named after a time, and what a link leads to; a link into itself ends there."""
    Path("more/.hydra").mkdir(parents=True)
    Path("more/.hydra/config.yaml").write_text("lr: 1")
    Path("more/12:30.txt").write_text("colon")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/data.txt").write_text("linked")
    Path("more/link").symlink_to(tmp_path / "elsewhere")
    Path("more/again").symlink_to(Path("more").absolute())
    run = aspara.init("p", "r")
    saved = run.save("more")
    run.log_artifact("more/12:30.txt")
    version = run.log_artifact("more", name="outputs", type="data")
    run.finish()
    expected = {"more/.hydra/config.yaml": "lr: 1", "more/12:30.txt": "colon", "more/link/data.txt": "linked"}
    assert set(expected) == set(saved)
    assert {**expected, "12:30.txt": "colon"} == kept(disk)
    assert {name.removeprefix("more/") for name in expected} == {entry.path for entry in version.files()}
    assert "lr: 1" == aspara.Api(disk.folder).run("p/r").file("artifacts/more/.hydra/config.yaml").path.read_text()
