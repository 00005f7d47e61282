"""The refusals that are about accounts and credentials: who somebody is, and whether that lets them do something."""

from app.domain.errors import Conflict, Forbidden, Invalid, TokenInvalid, Unauthenticated, Unavailable


class AccountDisabled(TokenInvalid):
    """The token is good, and an administrator has disabled the account of its person."""

    code = "ACCOUNT_DISABLED"


class RefreshReused(TokenInvalid):
    """The refresh token was used before, so that somebody else may have it: its session has ended."""

    code = "REFRESH_REUSED"


class WrongCredentials(Unauthenticated):
    """E-mail and password do not belong together."""

    code = "WRONG_CREDENTIALS"


class SignInRequired(Forbidden):
    """A personal token may not do this, whatever its scopes; its person may, signed in."""

    code = "SIGN_IN_REQUIRED"


class ForeignOrigin(Forbidden):
    """The caller is known by a cookie, and what is to be changed was not sent by a page that may do so."""

    code = "FOREIGN_ORIGIN"


class RoleMissing(Forbidden):
    """Only people of another role may do this, with whatever credential."""

    code = "ROLE_MISSING"


class RegistrationClosed(Forbidden):
    """Nobody can register here."""

    code = "REGISTRATION_CLOSED"


class InvitationRequired(Forbidden):
    """Registering takes an invitation, and none came, or one that is not good for this."""

    code = "INVITATION_REQUIRED"


class EmailTaken(Conflict):
    """Somebody has registered with this e-mail."""

    code = "EMAIL_TAKEN"


class OwnAccount(Conflict):
    """An administrator may do this to everybody else, and not to the own account."""

    code = "OWN_ACCOUNT"


class LastAdministrator(Conflict):
    """Nobody would be left who is an administrator here."""

    code = "LAST_ADMINISTRATOR"


class LinkInvalid(Invalid):
    """What came by mail is not good, or not any more."""

    code = "LINK_INVALID"


class MailOff(Unavailable):
    """The answer needs mail, and the service has no mail server."""

    code = "MAIL_OFF"
