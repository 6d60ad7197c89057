"""The API over HTTP: what is let in, what each refusal looks like, and that the answers are the API's."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from spec_kitty_contracts import gate
from specify_cli.git.layout import common_folder, git_folder
from specify_cli.kernel.locks import LockTimeout
from specify_cli.orchestrator_api import history, operations, reads, server
from specify_cli.orchestrator_api.server import MAX_BODY_BYTES, Served, build_application
from tests.conftest import git
from tests.integration.http_lab import (
    AUTHORIZED,
    POLICY,
    SECRET,
    Answer,
    Lab,
    call,
    get,
    make_project,
    post,
)

if TYPE_CHECKING:
    from pathlib import Path

JSON = {"Content-Type": "application/json"}
READS = ("contract-version", "mission-state", "list-ready", "resolve-workspace")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A project with a mission that nobody has touched."""
    root = tmp_path_factory.mktemp("http") / "template"
    return Lab(root, make_project(root))


@pytest.fixture
def lab(template: Lab, tmp_path: Path) -> Lab:
    """A copy of that project which the test may change."""
    return template.copy(tmp_path / "project")


def refused(answer: Answer, status: int, cause: str | None) -> None:
    """Assert that an answer is the failure envelope of a wrong call."""
    assert answer.status == status, answer.body
    assert gate.violations("orchestrator_api", answer.document) == ()
    assert answer.document["error_code"] == "USAGE_ERROR"
    assert answer.cause == cause
    assert SECRET not in answer.body.decode()


def claims(lab: Lab) -> list[tuple[str, str]]:
    """Return who claimed what, in the order of the log."""
    log = lab.root / "kitty-specs" / lab.slug / "status.events.jsonl"
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return [(row["wp_id"], str(row["actor"])) for row in rows if row.get("to_lane") == "claimed"]


def test_every_read_answers_with_the_envelope_of_the_command(template: Lab) -> None:
    for command, query in {
        "contract-version": "",
        "mission-state": f"?mission={template.slug}",
        "list-ready": f"?mission={template.slug}",
        "resolve-workspace": f"?mission={template.slug}&wp=WP01",
    }.items():
        answer = get(template.application, f"/v1/{command}{query}")
        assert answer.status == 200, answer.body
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.document["command"] == f"orchestrator-api.{command}"
        assert gate.violations("orchestrator_api", answer.document) == ()


def test_the_server_answers_what_the_command_line_answers(template: Lab) -> None:
    ours = get(template.application, f"/v1/mission-state?mission={template.slug}").document
    theirs: Any = operations.execute(
        "mission-state", {"mission": template.slug}, start=template.root
    )
    changing = ("timestamp", "correlation_id")
    assert {k: v for k, v in ours.items() if k not in changing} == {
        k: v for k, v in theirs.items() if k not in changing
    }


def test_a_work_package_is_claimed_once_and_again_without_effect(lab: Lab) -> None:
    wanted = {"mission": lab.slug, "wp": "WP01", "actor": "claude", "policy": POLICY}
    first = post(lab.application, "start-implementation", **wanted)
    assert first.status == 200, first.body
    assert first.document["data"]["no_op"] is False
    again = post(lab.application, "start-implementation", **wanted)
    assert again.status == 200
    assert again.document["data"]["no_op"] is True
    other = post(lab.application, "start-implementation", **{**wanted, "actor": "codex"})
    assert other.status == 409
    assert other.document["error_code"] == "WP_ALREADY_CLAIMED"
    assert claims(lab) == [("WP01", "claude")]


@pytest.mark.parametrize(
    ("status", "code", "command", "arguments"),
    [
        (404, "MISSION_NOT_FOUND", "append-history", {"mission": "nowhere", "wp": "WP01", "actor": "a", "note": "n"}),
        (404, "WP_NOT_FOUND", "append-history", {"wp": "WP09", "actor": "a", "note": "n"}),
        (409, "TRANSITION_REJECTED", "start-review", {"wp": "WP01", "actor": "a", "policy": POLICY}),
        (409, "MISSION_NOT_READY", "accept-mission", {"actor": "a"}),
        (422, "POLICY_METADATA_REQUIRED", "start-implementation", {"wp": "WP01", "actor": "a"}),
        (422, "POLICY_VALIDATION_FAILED", "start-implementation",
         {"wp": "WP01", "actor": "a", "policy": {**POLICY, "tool_restrictions": "--yolo"}}),
        (422, "UNSUPPORTED_STRATEGY", "merge-mission", {"strategy": "octopus"}),
        (422, "USAGE_ERROR", "transition", {"wp": "WP01", "actor": "a", "to": "orbit"}),
        (400, "USAGE_ERROR", "transition", {"wp": "WP01", "actor": "a"}),
        (400, "USAGE_ERROR", "transition", {"wp": "WP01", "actor": "a", "to": "planned", "feature": "x"}),
    ],
)  # fmt: skip
def test_a_refusal_has_the_status_of_its_code(
    template: Lab, status: int, code: str, command: str, arguments: dict[str, object]
) -> None:
    answer = post(template.application, command, **{"mission": template.slug, **arguments})
    assert (answer.status, answer.document["error_code"]) == (status, code), answer.body
    assert gate.violations("orchestrator_api", answer.document) == ()
    assert git(template.root, "status", "--porcelain") == ""


@pytest.mark.parametrize("to", ["for_review", "approved", "done"])
@pytest.mark.parametrize(
    "evidence",
    [
        {"review": {"reviewer": "codex", "verdict": "approved"}},
        {"review": {"reviewer": "codex", "verdict": "looks fine", "reference": "r"}, "repos": []},
        {"review": {"reviewer": "codex", "verdict": "approved", "reference": None}, "repos": []},
    ],
    ids=["no reference", "a verdict of its own", "no reference and no repository"],
)
def test_evidence_that_says_little_is_recorded_and_is_no_defect(
    lab: Lab, to: str, evidence: dict[str, object]
) -> None:
    wanted = {"mission": lab.slug, "wp": "WP01", "to": to, "actor": "codex", "force": True}
    answer = post(
        lab.application, "transition", **wanted, note="by hand", policy=POLICY, evidence=evidence
    )
    assert answer.status == 200, answer.body
    log = lab.root / "kitty-specs" / lab.slug / "status.events.jsonl"
    row = json.loads(log.read_text(encoding="utf-8").splitlines()[-1])
    assert row["to_lane"] == to
    assert gate.violations("status_row", row) == ()
    assert row["evidence"]["repos"]


@pytest.mark.parametrize("evidence", [{}, {"review": None}, {"review": {"reviewer": "x"}}])
def test_evidence_without_a_verdict_is_refused(template: Lab, evidence: dict[str, object]) -> None:
    wanted = {"mission": template.slug, "wp": "WP01", "to": "done", "actor": "codex"}
    answer = post(template.application, "transition", **wanted, evidence=evidence)
    refused(answer, 400, "INVALID_DOCUMENT")


@pytest.mark.parametrize("actor", ["-x", " x", "x ", "", "x\ny", "x" * 121])
def test_an_actor_whose_name_cannot_be_recorded_is_refused(template: Lab, actor: str) -> None:
    wanted = {"mission": template.slug, "actor": actor}
    refused(post(template.application, "accept-mission", **wanted), 400, None)


def test_a_client_that_is_too_old_is_refused(template: Lab) -> None:
    answer = get(template.application, "/v1/contract-version?provider_version=0.0.9")
    assert answer.status == 422
    assert answer.document["error_code"] == "CONTRACT_VERSION_MISMATCH"


# --- the token


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", f"Basic {SECRET}", SECRET, f"Bearer {SECRET}x", "Bearer \xff\xfe", "Bearer wrong"],
)  # fmt: skip
@pytest.mark.parametrize(
    "target", ["/v1/mission-state?mission=x", "/v1/transition", "/nowhere", "/openapi.json"]
)
def test_nothing_is_told_without_the_token(
    template: Lab, target: str, header: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "execute", None)
    headers = {} if header is None else {"Authorization": header}
    for method in ("GET", "POST", "DELETE"):
        answer = call(template.application, method, target, headers=headers)
        refused(answer, 401, "UNAUTHORIZED")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_the_health_of_the_server_needs_no_token_and_tells_no_secret(template: Lab) -> None:
    answer = call(template.application, "GET", "/health")
    assert answer.status == 200
    assert answer.document == {"status": "ok", "contract_version": "1.5.0"}


def test_the_document_that_describes_the_server_is_served(template: Lab) -> None:
    answer = get(template.application, "/openapi.json")
    assert answer.document["paths"].keys() >= {f"/v1/{command}" for command in READS}


# --- the host


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "127.0.0.1.evil.example", ""]
)
@pytest.mark.parametrize("target", ["/v1/contract-version", "/health"])
def test_a_page_that_points_its_own_name_here_gets_nothing(
    template: Lab, target: str, host: str
) -> None:
    answer = call(template.application, "GET", target, headers={**AUTHORIZED, "Host": host})
    refused(answer, 421, "WRONG_HOST")


def test_no_other_page_may_read_an_answer(template: Lab) -> None:
    headers = {**AUTHORIZED, "Origin": "http://evil.example"}
    answer = call(template.application, "GET", "/v1/contract-version", headers=headers)
    assert not [name for name in answer.headers if name.startswith("access-control")]
    asked = {**headers, "Access-Control-Request-Method": "POST"}
    preflight = call(template.application, "OPTIONS", "/v1/transition", headers=asked)
    refused(preflight, 405, "METHOD_NOT_ALLOWED")


# --- methods, paths, bodies


@pytest.mark.parametrize("command", list(operations.OPERATIONS))
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_an_operation_has_one_method_and_names_it(
    template: Lab, command: str, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = operations.OPERATIONS[command].method
    if method == own:
        return
    monkeypatch.setattr(server, "execute", None)
    answer = call(template.application, method, f"/v1/{command}", headers=AUTHORIZED)
    refused(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == ("GET, HEAD" if own == "GET" else "POST")
    assert answer.document["command"] == f"orchestrator-api.{command}"


@pytest.mark.parametrize(
    "path", ["/", "/v1/", "/v1/feature-state", "/v1/merge-feature", "/v1/mission-state/", "/v2/list-ready"]
)  # fmt: skip
def test_there_is_nothing_at_other_paths(template: Lab, path: str) -> None:
    answer = get(template.application, path)
    refused(answer, 404, "NO_SUCH_OPERATION")
    assert answer.document["command"] == "orchestrator-api.unknown"


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "application/json; charset=latin-1",
        "multipart/form-data; boundary=x",
    ],
)
def test_a_body_that_is_not_declared_as_json_is_refused(
    template: Lab, content_type: str | None
) -> None:
    headers = {**AUTHORIZED} | ({} if content_type is None else {"Content-Type": content_type})
    answer = call(template.application, "POST", "/v1/transition", headers=headers, body=b"{}")
    refused(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("content_type", ["application/json; charset=UTF-8", "Application/JSON"])
def test_json_may_be_declared_in_other_words(template: Lab, content_type: str) -> None:
    headers = {**AUTHORIZED, "Content-Type": content_type}
    answer = call(template.application, "POST", "/v1/transition", headers=headers, body=b"{}")
    refused(answer, 400, None)
    assert "mission" in answer.document["data"]["message"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'"text"',
        b"null",
        b"{",
        b"{'a': 1}",
        b'{"mission": NaN}',
        b'{"mission": "\xff"}',
        b'{"mission": "\\ud800"}',
        b'{"\\udfff": 1}',
        b"[" * 100_000,
        '{"mission": "x"}'.encode("utf-16"),
    ],
    ids=range(12),
)
def test_a_body_that_is_no_json_object_is_refused(template: Lab, body: bytes) -> None:
    headers = {**AUTHORIZED, **JSON}
    answer = call(template.application, "POST", "/v1/transition", headers=headers, body=body)
    refused(answer, 400, None)


def test_a_body_is_not_read_beyond_the_limit(template: Lab) -> None:
    headers = {**AUTHORIZED, **JSON}
    declared = {**headers, "Content-Length": str(MAX_BODY_BYTES + 1)}
    too_large = [b"[" * 65536] * (MAX_BODY_BYTES // 65536 + 4)
    for answer in (
        call(template.application, "POST", "/v1/transition", headers=declared, chunks=[b""]),
        call(template.application, "POST", "/v1/transition", headers=headers, chunks=too_large),
    ):
        refused(answer, 413, "BODY_TOO_LARGE")
    just = b'{"mission": "' + b"x" * (MAX_BODY_BYTES - 15) + b'"}'
    assert len(just) == MAX_BODY_BYTES
    answer = call(template.application, "POST", "/v1/transition", headers=headers, body=just)
    refused(answer, 400, None)


def test_a_client_that_goes_away_in_the_middle_is_no_defect(template: Lab) -> None:
    headers = {**AUTHORIZED, **JSON, "Content-Length": "10"}
    answer = call(template.application, "POST", "/v1/transition", headers=headers, chunks=[])
    assert answer.status == 400


@pytest.mark.parametrize(
    "query",
    ["mission=a&mission=b", "mission=%FF", "mission=x&feature=y", "mission=", "", "Mission=x"],
)
def test_a_query_that_the_contract_does_not_describe_is_refused(template: Lab, query: str) -> None:
    refused(get(template.application, f"/v1/mission-state?{query}"), 400, None)


def test_an_operation_with_a_body_takes_no_parameters(template: Lab) -> None:
    headers = {**AUTHORIZED, **JSON}
    target = "/v1/transition?force=true"
    answer = call(template.application, "POST", target, headers=headers, body=b"{}")
    refused(answer, 400, None)
    assert "parameters" in answer.document["data"]["message"]


# --- what goes wrong inside


def test_a_lock_that_another_command_holds_is_worth_another_try(
    template: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held(*_: object) -> None:
        raise LockTimeout("another spec-kitty process has held the lock.", fix="Wait.")

    monkeypatch.setattr(history, "append_history", held)
    wanted = {"mission": template.slug, "wp": "WP01", "actor": "claude", "note": "n"}
    answer = post(template.application, "append-history", **wanted)
    assert answer.status == 503
    assert answer.document["error_code"] == "LOCK_TIMEOUT"
    assert int(answer.headers["retry-after"]) >= 1


def test_a_defect_is_an_envelope_without_the_inside_of_the_program(
    template: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(reads, "mission_state", broken)
    answer = get(template.application, f"/v1/mission-state?mission={template.slug}")
    assert answer.status == 500
    assert answer.document["error_code"] == "INTERNAL_ERROR"
    assert gate.violations("orchestrator_api", answer.document) == ()
    assert "Traceback" not in answer.body.decode()


def test_one_project_is_served_whatever_the_working_directory(
    template: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = get(template.application, f"/v1/mission-state?mission={template.slug}")
    assert answer.document["data"]["mission_slug"] == template.slug


def test_what_is_served_does_not_show_its_token(template: Lab) -> None:
    assert SECRET not in repr(Served(template.root, SECRET.encode(), "127.0.0.1"))


def test_the_log_of_the_server_has_no_secret_and_no_argument(
    template: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", logger="specify_cli.orchestrator_api"):
        get(template.application, "/v1/mission-state?mission=private-name")
        get(template.application, "/v1/line%0Abreak\n")
    assert "GET '/v1/mission-state' 404" in caplog.text
    assert SECRET not in caplog.text
    assert "private-name" not in caplog.text
    assert len(caplog.records) == len(caplog.text.splitlines()) == 2


# --- at the same time


def test_of_eight_clients_that_want_one_work_package_exactly_one_gets_it(lab: Lab) -> None:
    application = lab.application

    def claim(number: int) -> Answer:
        actor = f"agent-{number}"
        wanted = {"mission": lab.slug, "wp": "WP01", "actor": actor, "policy": POLICY}
        return post(application, "start-implementation", **wanted)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(claim, range(8)))
    assert sorted(answer.status for answer in answers) == [200] + [409] * 7
    codes = {answer.document["error_code"] for answer in answers}
    assert codes == {None, "WP_ALREADY_CLAIMED"}
    assert len(claims(lab)) == 1
    assert git(lab.root, "status", "--porcelain") == ""


def test_clients_that_want_different_work_packages_all_get_theirs(lab: Lab) -> None:
    application = lab.application

    def claim(number: int) -> Answer:
        wp, actor = f"WP0{number % 2 + 1}", f"agent-{number % 2}"
        wanted = {"mission": lab.slug, "wp": wp, "actor": actor, "policy": POLICY}
        return post(application, "start-implementation", **wanted)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(claim, range(8)))
    assert [answer.status for answer in answers] == [200] * 8, [a.body for a in answers]
    assert sorted(claims(lab)) == [("WP01", "agent-0"), ("WP02", "agent-1")]
    assert git(lab.root, "status", "--porcelain") == ""
    assert common_folder(git_folder(lab.root)).is_dir()


def test_an_application_of_another_host_answers_to_that_host(template: Lab) -> None:
    application = build_application(Served(template.root, SECRET.encode(), "build.example"))
    answer = call(application, "GET", "/health", headers={"Host": "build.example:8765"})
    assert answer.status == 200
