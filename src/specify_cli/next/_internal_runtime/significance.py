"""How significant an audit is, and what that asks of people."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.next._internal_runtime.schema import MissionRuntimeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from specify_cli.next._internal_runtime.schema import (
        AuditStep,
        Band,
        MissionPolicySnapshot,
        SignificanceBlock,
    )

DIMENSIONS = (
    "user_customer_impact",
    "architectural_system_impact",
    "data_security_compliance_impact",
    "operational_reliability_impact",
    "financial_commercial_impact",
    "cross_team_blast_radius",
)
MAX_OF_ONE = 3
MAX_TOTAL = MAX_OF_ONE * len(DIMENSIONS)
HARD_TRIGGERS = (
    "production_data_destructive",
    "security_privacy_access_control",
    "legal_compliance_regulatory",
    "billing_financial_commitment",
    "architecture_foundation",
)
BANDS: tuple[Band, ...] = ("low", "medium", "high")
CUTOFFS: Mapping[Band, tuple[int, int]] = {
    "low": (0, 6),
    "medium": (7, 11),
    "high": (12, MAX_TOTAL),
}
CUTOFFS_KEY = "significance_band_cutoffs"
TIMEOUT_KEY = "significance_default_timeout_seconds"
DEFAULT_TIMEOUT_SECONDS = 600

DECIDE = ("approve", "reject")
WEIGH = ("decide_solo", "open_stand_up", "defer")
COMPLETING = frozenset({"approve", "decide_solo"})
LEFT_OPEN = frozenset({"open_stand_up", "defer"})


class InvalidPolicy(MissionRuntimeError):
    """A policy setting of a run that cannot be used."""

    code = "INVALID_POLICY"


class Significance(NamedTuple):
    """What an audit's significance comes to.

    Attributes:
        total: Sum of the six dimensions, 0 to 18.
        band: Of the sum, or "high" because of a hard trigger.
        hard_triggers: Those that apply.
    """

    total: int
    band: Band
    hard_triggers: tuple[str, ...]


def evaluate(block: SignificanceBlock, policy: MissionPolicySnapshot) -> Significance:
    """Put a significance into its band; one hard trigger makes any of them high.

    Raises:
        InvalidPolicy: INVALID_POLICY.
    """
    total = sum(block.dimensions.values())
    bands = cutoffs(policy)
    band = next(name for name in BANDS if bands[name][0] <= total <= bands[name][1])
    return Significance(total, "high" if block.hard_triggers else band, block.hard_triggers)


def band_of(step: AuditStep, policy: MissionPolicySnapshot) -> Band | None:
    """Return the band of an audit; None when its description says nothing about significance.

    Raises:
        InvalidPolicy: INVALID_POLICY.
    """
    return None if step.significance is None else evaluate(step.significance, policy).band


def is_automatic(step: AuditStep, policy: MissionPolicySnapshot) -> bool:
    """Tell whether an audit completes by itself: a blocking one of low significance.

    Raises:
        InvalidPolicy: INVALID_POLICY.
    """
    return step.is_blocking and band_of(step, policy) == "low"


def options_of(step: AuditStep, policy: MissionPolicySnapshot) -> tuple[str, ...]:
    """Return the answers a blocking audit can be given.

    Raises:
        InvalidPolicy: INVALID_POLICY.
    """
    return WEIGH if band_of(step, policy) == "medium" else DECIDE


def timeout_seconds(policy: MissionPolicySnapshot) -> int:
    """Return how long an audit may wait for its answer.

    Raises:
        InvalidPolicy: INVALID_POLICY.
    """
    value = policy.extras.get(TIMEOUT_KEY, DEFAULT_TIMEOUT_SECONDS)
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise InvalidPolicy(
            f"{TIMEOUT_KEY} is {value!r}, not a number of seconds.",
            fix=f"Set {TIMEOUT_KEY} to a whole number above 0, such as {DEFAULT_TIMEOUT_SECONDS}.",
            details={"key": TIMEOUT_KEY},
        )
    return value


def cutoffs(policy: MissionPolicySnapshot) -> Mapping[Band, tuple[int, int]]:
    """Return the bands of a policy: together they cover 0 to 18, and each sum once.

    Raises:
        InvalidPolicy: INVALID_POLICY.
    """
    given = policy.extras.get(CUTOFFS_KEY)
    if given is None:
        return CUTOFFS
    found: dict[Band, tuple[int, int]] = {}
    if isinstance(given, dict) and set(given) == set(BANDS):
        for band in BANDS:
            match given[band]:
                case [int(low), int(high)]:
                    found[band] = (low, high)
    covered = [total for band in found for total in range(found[band][0], found[band][1] + 1)]
    if covered != list(range(MAX_TOTAL + 1)) or len(found) != len(BANDS):
        raise InvalidPolicy(
            f"{CUTOFFS_KEY} does not cover 0 to {MAX_TOTAL} with low, medium and high, in that order.",
            fix=f"Use for example {{'low': [0, 6], 'medium': [7, 11], 'high': [12, {MAX_TOTAL}]}}.",
            details={"key": CUTOFFS_KEY},
        )
    return found
