"""Where governance lies in a project, and what its layers are called."""

from __future__ import annotations

CONFIG_FILE = ".kittify/config.yaml"
PROJECT_FOLDER = ".kittify/governance"
CHARTER_FILE = ".kittify/charter/charter.yaml"
CHARTER_TEXT = ".kittify/charter/charter.md"
ANSWERS_FILE = ".kittify/charter/interview/answers.yaml"
BUILT_IN = "built-in"
PROJECT = "project"
CACHE_FILE = ".kittify/runtime/governance.json"
