"""What a refusal of access means for the person who set the host and the keys.

Owns the words only, for the call before a run and for those in its middle alike.
"""

from migrator.leadsquared import named_host
from migrator.model import Reading


def told(reading: Reading) -> str:
    """What was answered, in one piece."""
    if is_redirect(reading):
        return f"HTTP {reading.status}: the host sends callers to another address"
    named = f" {reading.exception}" if reading.exception else ""
    return f"HTTP {reading.status}{named}: {reading.message}"


def is_redirect(reading: Reading) -> bool:
    """Whether the host sent the caller elsewhere; no redirect is followed with the keys."""
    return 300 <= reading.status < 400


def settings_to_mend(reading: Reading) -> str:
    """The names of the settings that the refusal speaks of."""
    if is_redirect(reading) or named_host(reading.message):
        return "LSQ_API_HOST"
    return "LSQ_ACCESS_KEY, LSQ_SECRET_KEY"


def cure(reading: Reading) -> str:
    """What to do, in whole sentences."""
    host = named_host(reading.message)
    if host:
        return f"These keys belong to another region: set `LSQ_API_HOST={host}`."
    if is_redirect(reading):
        return (
            "No redirect is followed, so that the keys go nowhere else. Set LSQ_API_HOST to the "
            "API host that LeadSquared shows under My Profile > Settings > API and Webhooks."
        )
    return (
        "Check LSQ_ACCESS_KEY and LSQ_SECRET_KEY, that their user is active and may use the API, "
        "and that LSQ_API_HOST is your region's host (LeadSquared shows all three under "
        "My Profile > Settings > API and Webhooks)."
    )
