"""The clients, and what their hellos are known by."""

from clients.fingerprints import fingerprints_of, same_hellos
from clients.profile import BUNDLED_PROFILES, load_profiles
from definitions.former import Notes
from matrix.commands.listings import Row
from matrix.plan.options import RunOptions


def rows(options: RunOptions, notes: Notes) -> list[Row]:
    """One row each."""
    profiles = load_profiles((BUNDLED_PROFILES, *options.clients_dir), notes)
    known_by = fingerprints_of(profiles)
    same = same_hellos(profiles)
    return [
        {
            "id": profile.id,
            "title": profile.title,
            "stack": profile.stack,
            "os": profile.os,
            "released": profile.released,
            "provenance": profile.provenance.kind,
            "source": profile.provenance.source,
            "confidence": profile.provenance.confidence,
            "conduct_confidence": profile.accepts.confidence or "assumed",
            "attempts": len(profile.attempts),
            "default": profile.is_default,
            "sets": profile.sets,
            "plays": profile.plays,
            "ja3": known_by[profile.id].ja3,
            "ja4": known_by[profile.id].ja4,
            "same_hello_as": same[profile.id],
            "note": profile.provenance.note,
        }
        for profile in profiles.values()
    ]
