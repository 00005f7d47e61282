"""Settings, from the environment alone. Reading them has no effect, and nothing reads them at import.

What belongs together is a group of its own, and `Settings` has them all.
"""

from app.config.limits import Limit
from app.config.loading import load_settings, weakness
from app.config.mail import Encryption, Registration, SmtpAddress
from app.config.origins import origin_of
from app.config.settings import ConfigurationError, Environment, Settings

__all__ = [
    "ConfigurationError",
    "Encryption",
    "Environment",
    "Limit",
    "Registration",
    "Settings",
    "SmtpAddress",
    "load_settings",
    "origin_of",
    "weakness",
]
