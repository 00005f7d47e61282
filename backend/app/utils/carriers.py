"""What takes a written message to whom it is for, and how it says that it could not. It writes and keeps none."""

from email.message import EmailMessage
from typing import Protocol


class DeliveryError(Exception):
    """A message was not taken.

    Args:
        kind: A word for why; it holds nothing of the message, nor of what the server said.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class NotNowError(DeliveryError):
    """It was not taken now; the same message may be taken later."""


class NeverError(DeliveryError):
    """It will not be taken, however often it is tried."""


class Carrier(Protocol):
    """What takes messages to whom they are for."""

    async def carry(self, message: EmailMessage, *, recipient: str) -> None:
        """Hand a message over.

        Args:
            message: With all of its headers.
            recipient: An address.

        Raises:
            NotNowError: It was not taken, or it is not known whether it was.
            NeverError: It was refused for good.
        """
        ...
