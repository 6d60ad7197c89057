"""The HTTP API keeps what its OpenAPI document promises, whatever is sent to it and in any order.

No check of schemathesis is left out; `api_explorer.CHECKS` says what one of them is told. More of the
same: `make test-api`.
"""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import hypothesis
import pytest
from schemathesis import checks as registered

from specify_cli.orchestrator_api import http_status, server
from specify_cli.orchestrator_api.examples import EXAMPLES as EXAMPLES_OF
from specify_cli.orchestrator_api.openapi import openapi_document
from specify_cli.orchestrator_api.operations import OPERATIONS, execute
from tests.conftest import git
from tests.integration.api_explorer import EXAMPLES, configuration, explore, load
from tests.integration.http_lab import AUTHORIZED, Lab, get, make_project, post

if TYPE_CHECKING:
    from pathlib import Path

LABELS = {o.command: f"{o.method} /v1/{o.command}" for o in OPERATIONS.values()}
LET_THROUGH = (
    *("mission-state", "list-ready", "append-history", "start-implementation"),
    *("check-prerequisites", "record-analysis", "plan", "tasks"),
)
"""The commands that random requests get to do something, not only to refuse."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A project with a mission that nobody has touched."""
    root = tmp_path_factory.mktemp("schemathesis") / "template"
    # `specify` then makes its missions on this branch too, and never switches away from it.
    return Lab(root, make_project(root, branch="feature/doors"))


@pytest.fixture
def lab(template: Lab, tmp_path: Path) -> Lab:
    """A copy of that project which the test may change."""
    return template.copy(tmp_path / "project")


def every_check() -> set[str]:
    """The checks that schemathesis has for an API such as ours, one after each request."""
    names = set(registered.CHECKS.get_all_names())
    # Made only when a limit is set.
    return names - {"max_response_time"}


def test_every_value_at_the_edge_of_the_contract_is_answered_as_promised(lab: Lab) -> None:
    seen = explore(lab, "examples", "coverage")
    assert seen.failures == []
    assert seen.checks == every_check()
    assert seen.statuses.total() > 500
    for command, label in LABELS.items():
        expected = {401, 405} | ({400, 415} if OPERATIONS[command].method == "POST" else set())
        assert expected <= seen.answered(label), command


def test_random_requests_are_answered_as_promised(template: Lab, tmp_path: Path) -> None:
    # What a seed leads to depends on the modules that are loaded: chance also draws from their constants.
    answered: dict[str, set[int]] = {command: set() for command in LET_THROUGH}
    for seed in range(11, 17):
        lab = template.copy(tmp_path / str(seed))
        seen = explore(lab, "fuzzing", seed=seed)
        assert seen.failures == []
        assert git(lab.root, "status", "--porcelain") == ""
        for command in LET_THROUGH:
            answered[command] |= seen.answered(LABELS[command])
        if all({200, 400} <= statuses for statuses in answered.values()):
            break
    assert all({200, 400} <= statuses for statuses in answered.values()), answered


def test_random_sequences_of_requests_are_answered_as_promised(lab: Lab) -> None:
    seen = explore(lab, "stateful")
    assert seen.failures == []
    reached = {command for command, label in LABELS.items() if 200 in seen.answered(label)}
    assert {"mission-state", "list-ready", "append-history", "start-implementation"} <= reached
    assert git(lab.root, "status", "--porcelain") == ""


def test_missions_driven_along_the_links_are_answered_as_promised(
    template: Lab, tmp_path: Path
) -> None:
    """Like the one above, but each scenario has a project of its own and its agents really work."""
    numbers = itertools.count()
    config = configuration(template.slug, phases=("stateful",), examples=EXAMPLES, seed=7)
    schema = load(template.application, config)
    reached: set[tuple[str, int]] = set()

    class Orchestrator(schema.as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            self.lab = template.copy(tmp_path / f"project-{next(numbers)}")
            self.application = self.lab.application

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"app": self.application, "headers": AUTHORIZED}

        def after_call(self, response: Any, case: Any) -> None:
            super().after_call(response, case)
            command = case.operation.path.rpartition("/")[2]
            reached.add((command, response.status_code))
            if command == "start-implementation" and response.status_code == 200:
                work(response.json()["data"])

    Orchestrator.run(
        settings=hypothesis.settings(
            max_examples=EXAMPLES // 2,
            stateful_step_count=8,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
    )
    # How far chance gets depends on how much there is of it; the test below goes all the way.
    assert {("list-ready", 200), ("start-implementation", 200)} <= reached, sorted(reached)


def test_the_links_lead_a_work_package_from_ready_to_approved(lab: Lab) -> None:
    application = lab.application
    links = {
        path.rpartition("/")[2]: operation["responses"]["200"].get("links", {})
        for path, methods in openapi_document()["paths"].items()
        for operation in methods.values()
    }
    answer = get(application, f"/v1/list-ready?mission={lab.slug}")
    command = "list-ready"
    walked = []
    for name in ("implement", "hand-over", "review", "approve"):
        link = links[command][name]
        wanted = {k: evaluated(v, answer.document) for k, v in link["requestBody"].items()}
        command = link["operationId"]
        answer = post(application, command, **wanted)
        assert answer.status == 200, (name, answer.body)
        walked.append(answer.document["data"]["to_lane"])
        if name == "implement":
            work(answer.document["data"])
    assert walked == ["in_progress", "for_review", "in_review", "approved"]


def test_the_links_lead_a_mission_from_its_title_to_work_that_is_ready(lab: Lab) -> None:
    application = lab.application
    links = {
        path.rpartition("/")[2]: operation["responses"]["200"].get("links", {})
        for path, methods in openapi_document()["paths"].items()
        for operation in methods.values()
    }
    answer = post(application, "specify", **{**EXAMPLES_OF["specify"], "mission": "Door bell"})
    assert answer.status == 200, answer.body
    planned = lab.root / "kitty-specs" / lab.slug
    made = lab.root / answer.document["data"]["mission_dir"]
    for name in ("spec.md", "plan.md", "tasks.md", "tasks/WP01-total.md", "tasks/WP02-door.md"):
        (made / name).write_bytes((planned / name).read_bytes())
    git(lab.root, "add", "-A")
    git(lab.root, "commit", "-q", "-m", "Plan another one")
    command = "specify"
    for name in ("plan", "tasks", "prerequisites", "tasks", "ready"):
        link = links[command][name]
        given = link.get("requestBody", link.get("parameters"))
        wanted = {k: evaluated(v, answer.document) for k, v in given.items()}
        command = link["operationId"]
        if OPERATIONS[command].method == "POST":
            answer = post(application, command, **wanted)
        else:
            texts = {k: json.dumps(v) if isinstance(v, bool) else v for k, v in wanted.items()}
            answer = get(application, f"/v1/{command}?{urlencode(texts)}")
        assert answer.status == 200, (name, answer.body)
    ready = answer.document["data"]["ready_work_packages"]
    assert [row["wp_id"] for row in ready] == ["WP01", "WP02"]


def evaluated(expression: Any, document: Any) -> Any:
    """Evaluate a runtime expression of OpenAPI; anything else is what it is."""
    start = "$response.body#/"
    if not isinstance(expression, str) or not expression.startswith(start):
        return expression
    for part in expression.removeprefix(start).split("/"):
        document = document[int(part) if isinstance(document, list) else part]
    return document


def work(data: dict[str, Any]) -> None:
    """Do what an agent does: write a file that the work package owns, and commit it."""
    from pathlib import Path

    workspace = Path(data["workspace_path"])
    name = {"WP01": "counter.py", "WP02": "door.py"}[data["wp_id"]]
    if not (workspace / name).exists():
        (workspace / name).write_text("TOTAL = 0\n", encoding="utf-8")
        git(workspace, "add", name)
        git(workspace, "commit", "-q", "-m", f"Write {name}")


# --- the checks can fail


def test_a_server_that_lets_everybody_in_is_noticed(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "is_authorized", lambda *_: True)
    seen = explore(lab, "coverage", only="list-ready")
    assert any(text.startswith("ignored_auth") for text in seen.failures), seen.failures


def test_an_answer_with_another_status_than_its_code_has_is_noticed(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_status, "status_of", lambda _: 200)
    seen = explore(lab, "coverage", only="append-history")
    noticed = {text.partition(":")[0] for text in seen.failures}
    assert {"response_schema_conformance", "negative_data_rejection"} <= noticed


def test_an_answer_that_lacks_a_key_is_noticed(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = server._envelope_response

    def shortened(envelope: Any, headers: Any = None) -> Any:
        return whole({k: v for k, v in envelope.items() if k != "correlation_id"}, headers)  # type: ignore[arg-type]

    monkeypatch.setattr(server, "_envelope_response", shortened)
    seen = explore(lab, "examples", only="mission-state")
    assert any(text.startswith("response_schema_conformance") for text in seen.failures)


def test_a_request_that_the_contract_refuses_and_the_server_takes_is_noticed(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: Any = execute("contract-version", {})

    def takes_anything(command: str, *_: object, **__: object) -> Any:
        return {**taken, "command": f"orchestrator-api.{command}"}

    monkeypatch.setattr(server, "execute", takes_anything)
    seen = explore(lab, "coverage", only="contract-version")
    assert any(text.startswith("negative_data_rejection") for text in seen.failures)
