"""The installed `orchestrator-api serve`, over a real socket: start, token, use, stop."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from specify_cli.kernel.locks import file_lock
from specify_cli.orchestrator_api import serving
from specify_cli.orchestrator_api.http_status import CONFLICT, FAILURES
from specify_cli.orchestrator_api.serving import ServeExtraMissing, check_extra
from tests.conftest import COMMAND
from tests.integration.api_explorer import CHECKS, PHASES, configuration
from tests.integration.http_lab import POLICY, Lab, make_project
from tests.integration.http_lab import serving as serving_process

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Ran

DOCS = Path(__file__).parents[2] / "docs"
GIVEN = "a-token-that-somebody-chose"
SHORT_PHASES = ("examples", "fuzzing", "stateful")
posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and file modes")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A project with a mission that nobody has touched."""
    root = tmp_path_factory.mktemp("server") / "template"
    return Lab(root, make_project(root))


@pytest.fixture
def lab(template: Lab, tmp_path: Path) -> Lab:
    """A copy of that project which the test may change."""
    return template.copy(tmp_path / "a project")


def ready(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Return the line that the server prints when it takes requests."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.communicate()[1]
    document: dict[str, Any] = json.loads(line)
    assert set(document) == {"url", "token_file"}
    return document


def request(
    url: str, method: str, target: str, token: str, **arguments: object
) -> tuple[int, dict[str, Any]]:
    """Send one request over the network; return status and document."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = json.dumps(arguments) if method == "POST" else None
    try:
        connection.request(method, target, body=body, headers=headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def stopped(process: subprocess.Popen[str], how: int) -> tuple[int, str, str]:
    """Send a signal; return exit status, standard output and standard error."""
    process.send_signal(how)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@posix
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_server_runs_until_it_is_told_to_stop_and_leaves_nothing(lab: Lab, how: int) -> None:
    with serving_process(lab.root) as process:
        line = ready(process)
        path = Path(line["token_file"])
        token = path.read_text(encoding="utf-8").strip()
        assert path.parent == lab.root / ".git" / "spec-kitty"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        arguments = Path(f"/proc/{process.pid}/cmdline")
        if arguments.exists():
            assert token not in arguments.read_text(encoding="utf-8")

        status, answer = request(line["url"], "GET", f"/v1/mission-state?mission={lab.slug}", token)
        assert (status, answer["success"]) == (200, True)
        assert request(line["url"], "GET", "/v1/list-ready?mission=x", "wrong-token")[0] == 401

        code, out, err = stopped(process, how)
    assert code == 0, err
    assert out == ""
    assert not path.exists()
    assert "GET '/v1/mission-state' 200" in err
    assert token not in err
    assert lab.slug not in err
    assert "Traceback" not in err


@posix
def test_a_command_that_runs_when_the_server_is_stopped_is_finished(lab: Lab) -> None:
    lock = lab.root / ".git" / "spec-kitty" / "locks" / "commit.lock"
    with serving_process(lab.root) as process, ThreadPoolExecutor(1) as pool:
        line = ready(process)
        token = Path(line["token_file"]).read_text(encoding="utf-8").strip()
        wanted = {"mission": lab.slug, "wp": "WP01", "actor": "claude", "note": "before the end"}
        with file_lock(lock):
            running = pool.submit(
                request, line["url"], "POST", "/v1/append-history", token, **wanted
            )
            time.sleep(0.7)
            assert not running.done()
            process.send_signal(signal.SIGINT)
            time.sleep(0.5)
        status, answer = running.result(timeout=60)
        _, err = process.communicate(timeout=60)
    assert status == 200, answer
    assert process.returncode == 0, err
    assert "before the end" in (lab.root / "kitty-specs" / lab.slug / "tasks/WP01-total.md").read_text(encoding="utf-8")  # fmt: skip


@posix
def test_a_token_can_be_given_in_a_file_or_in_the_environment(lab: Lab, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{GIVEN}\n", encoding="utf-8")
    file.chmod(0o600)
    with serving_process(lab.root, "--token-file", str(file)) as process:
        line = ready(process)
        assert line["token_file"] == str(file)
        assert request(line["url"], "GET", "/v1/contract-version", GIVEN)[0] == 200
    assert file.exists()
    with serving_process(lab.root, SPEC_KITTY_API_TOKEN=GIVEN) as process:
        line = ready(process)
        assert line["token_file"] is None
        assert request(line["url"], "GET", "/v1/contract-version", GIVEN)[0] == 200
        assert not list((lab.root / ".git" / "spec-kitty").glob("*.token"))


@posix
def test_a_token_file_that_others_can_read_is_refused_with_a_fix(
    lab: Lab, tmp_path: Path, cli: Callable[..., Ran]
) -> None:
    file = tmp_path / "token"
    file.write_text(f"{GIVEN}\n", encoding="utf-8")
    file.chmod(0o644)
    ran = cli(lab.root, "orchestrator-api", "serve", "--token-file", str(file))
    assert ran.status == 2
    assert ran.document["error_code"] == "USAGE_ERROR"
    assert ran.document["data"]["cause"] == "TOKEN_FILE_EXPOSED"
    assert f"chmod 600 {file}" in ran.stderr
    assert GIVEN not in ran.stdout + ran.stderr


def test_other_machines_are_served_only_with_a_token_of_the_users(
    lab: Lab, cli: Callable[..., Ran]
) -> None:
    ran = cli(lab.root, "orchestrator-api", "serve", "--host", "0.0.0.0")  # noqa: S104
    assert ran.status == 2
    assert ran.document["success"] is False
    assert "--token-file" in ran.stderr


def test_an_address_that_is_taken_is_refused_with_a_fix(lab: Lab, cli: Callable[..., Ran]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ran = cli(lab.root, "orchestrator-api", "serve", "--port", port)
    assert ran.status == 2
    assert ran.document["data"]["cause"] == "ADDRESS_UNAVAILABLE"
    assert "--port" in ran.document["data"]["fix"]


def test_outside_a_project_there_is_nothing_to_serve(
    tmp_path: Path, cli: Callable[..., Ran]
) -> None:
    ran = cli(tmp_path, "orchestrator-api", "serve")
    assert ran.status != 0
    assert ran.document["data"]["cause"] == "NOT_A_REPOSITORY"


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    check_extra()
    monkeypatch.setattr(serving, "find_spec", lambda name: None if name == "uvicorn" else object())
    with pytest.raises(ServeExtraMissing) as refused:
        check_extra()
    assert refused.value.fix == "pip install 'spec-kitty-cli[serve]'"
    assert "needs uvicorn, which is not installed" in refused.value.message


def test_the_command_prints_the_committed_document(tmp_path: Path, cli: Callable[..., Ran]) -> None:
    ran = cli(tmp_path, "orchestrator-api", "openapi")
    committed = DOCS / "orchestrator-api.openapi.json"
    assert ran.status == 0
    assert ran.document == json.loads(committed.read_bytes())


@posix
def test_the_served_project_is_the_one_of_the_start_whatever_the_variable_says(lab: Lab) -> None:
    above, name = lab.root.parent, lab.root.name
    with serving_process(above, SPECIFY_REPO_ROOT=name) as process:
        line = ready(process)
        token = Path(line["token_file"]).read_text(encoding="utf-8").strip()
        target = f"/v1/mission-state?mission={lab.slug}"
        assert request(line["url"], "GET", target, token)[0] == 200


@posix
def test_of_eight_clients_on_the_network_exactly_one_gets_the_work_package(lab: Lab) -> None:
    with serving_process(lab.root) as process:
        line = ready(process)
        token = Path(line["token_file"]).read_text(encoding="utf-8").strip()

        def claim(number: int) -> int:
            actor = f"agent-{number}"
            wanted = {"mission": lab.slug, "wp": "WP01", "actor": actor, "policy": POLICY}
            return request(line["url"], "POST", "/v1/start-implementation", token, **wanted)[0]

        with ThreadPoolExecutor(8) as pool:
            statuses = sorted(pool.map(claim, range(8)))
    assert statuses == [200] + [409] * 7


@posix
def test_the_command_line_of_schemathesis_finds_nothing_on_the_network(
    lab: Lab, tmp_path: Path
) -> None:
    with serving_process(lab.root) as process:
        line = ready(process)
        # The log of so many requests would fill the pipe and stop the server.
        threading.Thread(target=process.stderr.read, daemon=True).start()  # type: ignore[union-attr]
        token = Path(line["token_file"]).read_text(encoding="utf-8").strip()
        # The edges of the contract take the longest and are looked at without a network as well.
        phases = PHASES if "SPEC_KITTY_API_EXAMPLES" in os.environ else SHORT_PHASES
        config = configuration(lab.slug, phases=phases, examples=4, seed=11)
        config |= {"base-url": line["url"], "headers": {"Authorization": f"Bearer {token}"}}
        assert config["checks"] == CHECKS
        file = tmp_path / "schemathesis.toml"
        file.write_text("\n".join(toml(config)), encoding="utf-8")
        done = subprocess.run(
            [
                str(COMMAND.with_name(f"st{COMMAND.suffix}")),
                *("--config-file", str(file), "run", f"{line['url']}/openapi.json"),
                *("--checks", "all", "--mode", "all", "--warnings", "off"),
            ],
            cwd=tmp_path,
            env={**os.environ, "NO_COLOR": "1"},
            capture_output=True,
            encoding="utf-8",
            timeout=300,
        )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    for phase in phases:
        assert phase.capitalize() in done.stdout
    assert "No issues found" in done.stdout


@posix
def test_the_page_about_the_server_can_be_followed_as_it_is_written(lab: Lab) -> None:
    bash, curl = shutil.which("bash"), shutil.which("curl")
    if bash is None or curl is None:
        pytest.skip("the examples are written for bash and curl")
    page = (DOCS / "orchestrator-api-http.md").read_text(encoding="utf-8")
    script = "\n".join(re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))
    with serving_process(lab.root) as process:
        line = ready(process)
        done = subprocess.run(
            [bash, "-euo", "pipefail", "-c", script],
            cwd=lab.root,
            env={
                **os.environ,
                "URL": line["url"],
                "TOKEN_FILE": line["token_file"],
                "MISSION": lab.slug,
            },
            capture_output=True,
            encoding="utf-8",
            timeout=120,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    answers = [json.loads(text) for text in done.stdout.splitlines()]
    assert answers[0]["status"] == "ok"
    assert [answer["command"].rpartition(".")[2] for answer in answers[1:]] == [
        *("mission-state", "list-ready", "start-implementation", "append-history")
    ]
    assert all(answer["success"] for answer in answers[1:])


def test_the_page_names_every_status_and_every_cause_and_code_with_its_status() -> None:
    page = (DOCS / "orchestrator-api-http.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (\d{3}) \| (.*) \|$", page, re.MULTILINE))
    assert set(rows) == {"200", *(str(failure.status) for failure in FAILURES)}
    for failure in FAILURES:
        named = set(re.findall(r"`([A-Z]+_[A-Z_]+|UNAUTHORIZED)`", rows[str(failure.status)]))
        if failure.status != CONFLICT:
            assert named - {"SPEC_KITTY_DEBUG"} == {*failure.codes, *failure.causes}


def toml(table: dict[str, Any], path: str = "") -> list[str]:
    """Write a table of strings, numbers, lists and tables as TOML."""
    plain = {key: value for key, value in table.items() if not isinstance(value, dict)}
    lines = [f"[{path}]"] * bool(path and plain)
    lines += [f'"{key}" = {json.dumps(value)}' for key, value in plain.items()]
    for key, value in table.items():
        if isinstance(value, dict):
            inner = f'{path}."{key}"' if path else f'"{key}"'
            lines += toml(value, inner)
    return lines
