"""Missions: their creation, documents, work packages, lanes, review, acceptance and merge."""
