"""Mistakes against P8: no personal data and no path to somebody in a tracked file."""

from __future__ import annotations

from tests.crash.mutations.mutation import Mutation

_STATUS = "specify_cli/status/mission_status.py"
_TEXTS = "specify_cli/events/free_text.py"
_TRACKED = "tests/integration/test_personal_data.py"
_FREE_TEXT = "tests/unit/events/test_free_text.py"

MUTATIONS = (
    Mutation(
        "P8",
        "personal data stays in a row",
        _STATUS,
        "        row = publishable(row, self.surroundings)\n",
        "",
        "tests/unit/status/test_mission_status.py::test_personal_data_is_removed_before_a_row_is_written",
    ),
    Mutation(
        "P8",
        "the name of the machine stays in texts",
        _TEXTS,
        'steps.append(lambda text: known_host.sub("<host>", text))',
        "pass",
        f"{_TRACKED}::test_what_is_planted_into_any_text_occurs_in_no_tracked_file",
    ),
    Mutation(
        "P8",
        "whatever has an @ in it is an address",
        _TEXTS,
        r"""_EMAIL = r"[\w.%+'-]{1,64}@(?!v?\d+\.\d)(?:[\w-]{1,63}\.){1,8}""",
        r"""_EMAIL = r"[\w.%+'-]*@(?:[\w-]{1,63}\.)*""",
        f"{_TRACKED}::test_texts_that_tell_nothing_are_recorded_as_they_are",
    ),
    Mutation(
        "P8",
        "a text is gone over once",
        _TEXTS,
        "_ROUNDS = 10\n",
        "_ROUNDS = 1\n",
        f"{_FREE_TEXT}::test_masking_again_changes_nothing_and_no_planted_home_or_address_is_left",
    ),
    Mutation(
        "P8",
        "folders that everybody shares count as somebody's home",
        _TEXTS,
        r"""    r"(?!(?i:shared|public|default|all users)(?![\w.-]))"
""",
        "",
        f"{_FREE_TEXT}::test_what_tells_nothing_stays_as_it_is",
    ),
    Mutation(
        "P8",
        "two people with an address become one",
        _TEXTS,
        "hexdigest()[:6]",
        "hexdigest()[:0]",
        f"{_FREE_TEXT}::test_addresses_as_names_stay_apart_and_one_keeps_its_name",
    ),
    Mutation(
        "P8",
        "personal keys stay in what lies in a list",
        "specify_cli/events/sanitizer.py",
        "        return [_value(item, inside) for item in value]\n",
        "        return list(value)\n",
        "tests/unit/events/test_sanitizer.py::"
        "test_the_input_stays_as_it_is_and_the_result_is_clean_and_final",
    ),
)
