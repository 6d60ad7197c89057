"""The one error shape."""

from __future__ import annotations

from specify_cli.kernel.errors import SpecKittyError, UsageError


def test_an_error_carries_code_message_fix_and_details() -> None:
    error = SpecKittyError("it broke.", fix="Mend it.", details={"file": "a"})
    assert (error.code, error.exit_code, error.message, error.fix, error.details, str(error)) == (
        "INTERNAL",
        1,
        "it broke.",
        "Mend it.",
        {"file": "a"},
        "it broke.",
    )


def test_details_are_a_copy() -> None:
    given: dict[str, str] = {"file": "a"}
    error = SpecKittyError("it broke.", fix="Mend it.", details={**given})
    given["file"] = "b"
    assert error.details == {"file": "a"}


def test_wrong_usage_ends_with_status_two() -> None:
    assert (UsageError.code, UsageError.exit_code) == ("USAGE_ERROR", 2)
