"""Measures whether the time of a refused login tells that an e-mail is registered; prints, and judges nothing.

Run `python -m bench.enumeration URL` against a service that runs; it registers one person there.
"""

import statistics
import sys
from time import perf_counter
from uuid import uuid4

import httpx2

LOGINS = 200
_PASSWORD = "a password that nobody has tried"  # noqa: S105 (of a person who is made for the measurement)


def main(url: str) -> None:
    """Log in with a wrong password, in turns as somebody who is registered and as nobody, and print the medians."""
    known, unknown = (f"{uuid4()}@example.com" for _who in range(2))
    with httpx2.Client(base_url=url, timeout=30) as client:
        person = {"email": known, "password": _PASSWORD, "name": "Ada"}
        client.post("/auth/register", json=person).raise_for_status()
        times: dict[str, list[float]] = {known: [], unknown: []}
        for _login in range(LOGINS):
            for email, seconds in times.items():
                seconds.append(_refused_login(client, email))
    medians = [statistics.median(times[email]) * 1000 for email in (known, unknown)]
    apart = abs(medians[0] - medians[1]) / max(medians) * 100
    print(f"known {medians[0]:.2f} ms, unknown {medians[1]:.2f} ms, {apart:.1f} % apart, {LOGINS} each")  # noqa: T201


def _refused_login(client: httpx2.Client, email: str) -> float:
    began = perf_counter()
    answer = client.post("/auth/login", json={"email": email, "password": "a wrong password"})
    if answer.status_code != 401:
        raise SystemExit(f"a wrong password is answered by {answer.status_code}: {answer.text}")
    return perf_counter() - began


if __name__ == "__main__":
    main(sys.argv[1])
