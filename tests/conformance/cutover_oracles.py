"""Two releases of the events package judge envelopes with their own cutover check.

Each release lives in an environment of its own below `.cache/oracles/`, made once and kept:
3.0.0 is the release that the contract is named after, 6.1.0 the last one that ships the check.

`python -m tests.conformance.cutover_oracles FOLDER` judges the envelopes that a run of the suite
collected (`tests/written_envelopes.py`).
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specify_cli.kernel.locks import file_lock
from tools.environments import Environment, clean_variables, find_uv, make_environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "oracles"
DISTRIBUTION = "spec-kitty-events"
RELEASES = ("3.0.0", "6.1.0")

_INSTALL_SECONDS = 600.0
_JUDGE = """
import importlib.metadata, json, sys
from spec_kitty_events import assert_canonical_cutover_signal
verdicts = []
for line in sys.stdin:
    try:
        assert_canonical_cutover_signal(json.loads(line))
    except (TypeError, ValueError) as refusal:
        verdicts.append(f"{type(refusal).__name__}: {refusal}")
    else:
        verdicts.append("")
json.dump({"release": importlib.metadata.version(sys.argv[1]), "verdicts": verdicts}, sys.stdout)
"""


def judged(release: str, envelopes: Iterable[Mapping[str, Any]]) -> list[str]:
    """What a release says of each envelope: its refusal, or an empty text when it is canonical.

    Args:
        release: One of `RELEASES`.
        envelopes: JSON-ready envelopes.
    """
    lines = "".join(json.dumps(envelope) + "\n" for envelope in envelopes)
    done = subprocess.run(
        [str(_python(release)), "-I", "-c", _JUDGE, DISTRIBUTION],
        input=lines,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=clean_variables(),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["release"] == release
    verdicts: list[str] = answer["verdicts"]
    assert len(verdicts) == lines.count("\n")
    return verdicts


def assert_all_canonical(envelopes: Sequence[Mapping[str, Any]]) -> None:
    """Fail unless every envelope passes `assert_canonical_cutover_signal` of every release."""
    refused = [
        f"{release}: {refusal}: {json.dumps(envelope)}"
        for release in RELEASES
        for envelope, refusal in zip(envelopes, judged(release, envelopes), strict=True)
        if refusal
    ]
    assert not refused, "\n".join(refused)


def _python(release: str) -> Path:
    """The interpreter that has a release installed; the environment is made on first use."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    folder = CACHE / f"{DISTRIBUTION}-{release}-py{version}"
    is_ready = folder / "ready"
    CACHE.mkdir(parents=True, exist_ok=True)
    with file_lock(CACHE / f"{folder.name}.lock", timeout=_INSTALL_SECONDS):
        environment = Environment(folder, find_uv())
        if not is_ready.is_file():
            environment = make_environment(folder, uv=environment.uv)
            environment.install(f"{DISTRIBUTION}=={release}")
            is_ready.touch()
    return environment.python


def main(arguments: Sequence[str]) -> int:
    """Judge all collected envelopes; 1 when one is refused or there is none."""
    (folder,) = arguments
    collected = [
        json.loads(line)
        for path in sorted(Path(folder).glob("envelopes-*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    unsendable = [entry for entry in collected if "refused" in entry]
    for entry in unsendable:
        print(f"{entry['test']}: {entry['refused']}", file=sys.stderr)
    refused = len(unsendable)
    collected = [entry for entry in collected if "envelope" in entry]
    for release in RELEASES:
        verdicts = judged(release, [entry["envelope"] for entry in collected])
        for entry, refusal in zip(collected, verdicts, strict=True):
            if refusal:
                refused += 1
                print(f"{entry['test']}: release {release}: {refusal}", file=sys.stderr)
    print(f"{len(collected)} envelopes judged by {len(RELEASES)} releases, {refused} refused.")
    return 1 if refused or not collected else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
