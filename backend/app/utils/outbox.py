"""Keeps messages as files and shows them on the terminal, where no mail server is configured. It sends nothing."""

import asyncio
import os
import sys
from email.message import EmailMessage
from pathlib import Path

from app.utils.carriers import NotNowError

_RULE = "-" * 72


class Outbox:
    """A folder of messages that only its owner may read.

    Args:
        folder: Where they are kept; it is made when it is needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def carry(self, message: EmailMessage, *, recipient: str) -> None:
        """Keep a message, and show it.

        Raises:
            NotNowError: It cannot be kept there.
        """
        # Spec: features/mail.md#MAIL-013
        try:
            path = await asyncio.to_thread(self._keep, message)
        except OSError as failure:
            raise NotNowError("outbox") from failure
        lines = (_RULE, f"Mail to {recipient}: {message['Subject']}", "", message.get_content().rstrip(), "")
        sys.stdout.write("\n".join((*lines, f"(kept as {path})", _RULE, "")))
        sys.stdout.flush()  # Somebody waits for the link in it.

    def _keep(self, message: EmailMessage) -> Path:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"{message['Message-ID'].partition('@')[0].strip('<>')}.eml"
        # Of a message that is carried again, the file is written again.
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(message.as_bytes())
        return path
