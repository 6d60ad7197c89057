"""Which generated module a schema belongs to.

A command imports the modules of the families it uses and nothing else, so a family is what is used
together. A schema without a family stops the generation: a new upstream schema needs a decision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codegen.tree import PipelineError

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFINITIONS: Final = "definitions"
"""The module of the types that more than one family uses."""

EVENT_FAMILIES: Final[dict[str, tuple[str, ...]]] = {
    "analytics": ("diff_summary_recorded_payload", "token_usage_recorded_payload"),
    "audit": (
        "mission_audit_completed_payload",
        "mission_audit_decision_requested_payload",
        "mission_audit_failed_payload",
        "mission_audit_requested_payload",
        "mission_audit_started_payload",
    ),
    "build": ("build_heartbeat_payload", "build_registered_payload"),
    "ci": ("gate_failed_payload", "gate_passed_payload"),
    "collaboration": (
        "auth_principal_binding",
        "comment_posted_payload",
        "concurrent_driver_warning_payload",
        "drive_intent_set_payload",
        "focus_changed_payload",
        "focus_target",
        "participant_external_refs",
        "participant_identity",
        "participant_invited_payload",
        "participant_joined_payload",
        "participant_left_payload",
        "potential_step_collision_detected_payload",
        "presence_heartbeat_payload",
        "prompt_step_execution_completed_payload",
        "prompt_step_execution_started_payload",
        "session_linked_payload",
        "warning_acknowledged_payload",
    ),
    "connector": (
        "connector_degraded_payload",
        "connector_health_checked_payload",
        "connector_provisioned_payload",
        "connector_reconnected_payload",
        "connector_revoked_payload",
        "user_connected_payload",
        "user_connection_status",
        "user_disconnected_payload",
    ),
    "cutover": ("cutover_artifact",),
    "decision": (
        "closure_message_ref",
        "decision_captured_payload",
        "decision_input_answered_payload",
        "decision_input_requested_payload",
        "decision_point_discussing_payload",
        "decision_point_opened_payload",
        "decision_point_overridden_payload",
        "decision_point_resolved_payload",
        "decision_point_widened_payload",
        "default_channel_ref",
        "summary_block",
        "teamspace_ref",
        "thread_ref",
    ),
    "dossier": (
        "artifact_identity",
        "content_hash_ref",
        "local_namespace_tuple",
        "mission_dossier_artifact_indexed_payload",
        "mission_dossier_artifact_missing_payload",
        "mission_dossier_parity_drift_detected_payload",
        "mission_dossier_snapshot_computed_payload",
        "provenance_ref",
    ),
    "envelope": ("event",),
    "glossary": (
        "generation_blocked_by_semantic_conflict_payload",
        "glossary_clarification_requested_payload",
        "glossary_clarification_resolved_payload",
        "glossary_scope_activated_payload",
        "glossary_sense_updated_payload",
        "glossary_strictness_set_payload",
        "semantic_check_evaluated_payload",
        "semantic_conflict_entry",
        "term_candidate_observed_payload",
    ),
    "lifecycle": (
        "plan_completed_payload",
        "plan_started_payload",
        "project_initialized_payload",
        "specify_completed_payload",
        "specify_started_payload",
        "tasks_completed_payload",
        "tasks_started_payload",
    ),
    "mission": (
        "follow_up_recorded_payload",
        "mission_cancelled_payload",
        "mission_closed_payload",
        "mission_completed_payload",
        "mission_created_payload",
        "mission_origin_bound_payload",
        "mission_reopened_payload",
        "mission_started_payload",
        "phase_entered_payload",
        "review_rollback_payload",
    ),
    "retrospective": (
        "retrospective_actor_ref",
        "retrospective_completed_payload",
        "retrospective_failed_payload",
        "retrospective_lifecycle_completed_payload",
        "retrospective_lifecycle_skipped_payload",
        "retrospective_mode",
        "retrospective_mode_source_signal",
        "retrospective_proposal_applied_payload",
        "retrospective_proposal_generated_payload",
        "retrospective_proposal_rejected_payload",
        "retrospective_requested_payload",
        "retrospective_skipped_payload",
        "retrospective_started_payload",
    ),
    "runtime": (
        "mission_run_completed_payload",
        "mission_run_started_payload",
        "next_step_auto_completed_payload",
        "next_step_issued_payload",
        "profile_invocation_started_payload",
        "runtime_actor_identity",
    ),
    "status": (
        "lane",
        "status_transition_payload",
        "sync_lane_v1",
        "sync_lane_v2",
    ),
    "sync": (
        "external_reference_linked_payload",
        "sync_dead_lettered_payload",
        "sync_ingest_accepted_payload",
        "sync_ingest_rejected_payload",
        "sync_replay_completed_payload",
        "sync_retry_scheduled_payload",
    ),
    "work_package": (
        "dependency_resolved_payload",
        "error_logged_payload",
        "history_added_payload",
        "wp_assigned_payload",
        "wp_created_payload",
    ),
}

_FAMILY_OF: Final = {name: family for family, names in EVENT_FAMILIES.items() for name in names}


def family_of_event_schema(name: str) -> str:
    """Return the family of a schema of the events package.

    Raises:
        PipelineError: The schema is in no family.
    """
    try:
        return _FAMILY_OF[name]
    except KeyError:
        raise PipelineError(
            f"contracts/vendored/events/{name}.schema.json: the schema belongs to no family; "
            "add it to EVENT_FAMILIES in codegen/families.py"
        ) from None


def check_event_families(names: Iterable[str]) -> None:
    """Compare the table with the schemas that exist.

    Raises:
        PipelineError: A schema is in no family, or the table names a schema that is gone.
    """
    existing = set(names)
    findings = [
        f"contracts/vendored/events/{name}.schema.json: the schema belongs to no family; "
        "add it to EVENT_FAMILIES in codegen/families.py"
        for name in sorted(existing - set(_FAMILY_OF))
    ] + [
        f"codegen/families.py: EVENT_FAMILIES names {name!r}, which is not vendored"
        for name in sorted(set(_FAMILY_OF) - existing)
    ]
    if findings:
        raise PipelineError(*findings)
