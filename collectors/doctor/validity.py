"""How long a certificate is good for."""

from datetime import datetime, timedelta
from typing import Final

from cryptography import x509

from collectors.doctor.findings import Finding, Place

SOON: Final = timedelta(days=30)
"""Time to renew: ACME clients renew a 90-day certificate with 30 days left."""


def validity(place: Place, certificate: x509.Certificate, what: str, now: datetime) -> Finding:
    """Return whether a certificate is valid at ``now``, and for how long."""
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now < begin:
        return place.error(
            f"the {what} is valid only from {_date(begin)} on; here it is {_date(now)}",
            "is the clock of this machine right? Else put a certificate in its place that is valid now",
        )
    if now > end:
        return place.error(f"the {what} expired on {_date(end)}", "renew it")
    left = (end - now).days
    if end - now < SOON:
        return place.warning(f"the {what} expires on {_date(end)}, in {left} days", "renew it")
    return place.ok(f"the {what} is valid until {_date(end)}")


def _date(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
