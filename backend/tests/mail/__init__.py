"""Mail: how it is queued, sent by a real mail server on the loopback, and what its links do."""
