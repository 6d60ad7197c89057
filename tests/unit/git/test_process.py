"""Running git: inherited variables, missing program, readable failures."""

from __future__ import annotations

from pathlib import Path

import pytest

from specify_cli.git.process import (
    GitFailed,
    GitMissing,
    GitOutput,
    first_line,
    git_failed,
    run_git,
    split_nul,
    subcommand,
    try_git,
)


def test_the_output_of_a_successful_command_is_returned(repository: Path) -> None:
    assert run_git(repository, "symbolic-ref", "HEAD").strip() == "refs/heads/main"


def test_a_failing_command_raises_with_gits_own_words_and_status(repository: Path) -> None:
    with pytest.raises(GitFailed) as caught:
        run_git(repository, "-c", "a.b=c", "rev-parse", "--verify", "nothing-of-that-name")
    assert caught.value.code == "GIT_FAILED"
    assert "rev-parse" in caught.value.message
    assert "fatal: Needed a single revision" in caught.value.message
    assert caught.value.details["exit_code"] == 128


def test_variables_of_an_outer_git_command_do_not_redirect_the_call(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert Path(run_git(repository, "rev-parse", "--show-toplevel").strip()) == repository


def test_configuration_given_by_environment_still_counts(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "demo.key")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "here")
    assert run_git(repository, "config", "demo.key").strip() == "here"


def test_a_missing_git_program_has_its_own_code(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("os.defpath", "")
    with pytest.raises(GitMissing) as caught:
        run_git(repository, "status")
    assert "Install git" in caught.value.fix


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(GitFailed, match="gone does not exist"):
        run_git(tmp_path / "gone", "status")


def test_a_file_instead_of_a_folder_is_refused(repository: Path) -> None:
    with pytest.raises(GitFailed, match=r"README\.md"):
        run_git(repository / "README.md", "status")


def test_standard_input_reaches_git(repository: Path) -> None:
    text = run_git(repository, "stripspace", stdin="a\n\n\n\nü\n\n")
    assert text == "a\n\nü\n"


def test_bytes_that_are_not_utf8_survive_a_round_trip(repository: Path) -> None:
    broken = b"caf\xe9".decode("utf-8", "surrogateescape")
    blob = run_git(repository, "hash-object", "-w", "--stdin", stdin=broken).strip()
    assert run_git(repository, "cat-file", "blob", blob) == broken


def test_a_failure_can_be_looked_at_instead_of_raised(repository: Path) -> None:
    output = try_git(repository, "rev-parse", "--verify", "--quiet", "refs/heads/none")
    assert (output.code, output.stdout, output.stderr) == (1, "", "")


def test_the_subcommand_is_found_behind_options() -> None:
    assert subcommand(("--literal-pathspecs", "-c", "a=b", "commit", "-m", "x")) == "commit"
    assert subcommand(("--version",)) == ""


def test_the_line_that_says_what_is_wrong_is_preferred() -> None:
    assert first_line("hint: look\nfatal: no\n") == "fatal: no"
    assert first_line("\n something \n") == "something"
    assert first_line("") == ""


def test_nul_separated_output_is_split() -> None:
    assert split_nul("a\0b c\0") == ("a", "b c")


def test_a_refusal_that_git_explains_on_a_second_line_ends_without_its_mark() -> None:
    said = "fatal: cannot remove a locked working tree;\nuse 'remove -f -f' to override\n"
    error = git_failed(("worktree", "remove"), GitOutput(128, "", said))
    assert error.message.endswith("cannot remove a locked working tree")
