"""How often a route may be asked: by whom, and within which budget. It is asked before a body is read."""

from collections.abc import Callable, Collection
from typing import Any, NamedTuple, TypeVar

from fastapi import Request

from app.config import Limit
from app.dependencies.addresses import client_address
from app.dependencies.callers import BearerDependency
from app.dependencies.parts import runtime_of
from app.domain.callers import Caller
from app.domain.errors import TooMany
from app.utils.addresses import counted_address
from app.utils.budgets import Standing

SAFE = frozenset({"GET", "HEAD"})
_AUTH = "/auth/"
_MARK = "limit"
_TOO_MANY = "Too many requests; please wait as long as Retry-After says."
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class Admission(NamedTuple):
    """What a request of a route takes from.

    Attributes:
        address: The budget of its address, if any.
        person: The budget of its person, if it asks for one.
    """

    address: Limit | None
    person: Limit | None


def heavy(endpoint: Endpoint) -> Endpoint:
    """Mark an endpoint as one that costs far more than others of its method."""
    vars(endpoint)[_MARK] = Limit.HEAVY
    return endpoint


def admission_of(
    path: str, methods: Collection[str], endpoint: Callable[..., Any], *, asks: bool
) -> Admission:
    """Return what the requests of a route take from, by its address, its method, its mark and whether it asks who.

    Args:
        path: Its address.
        methods: Its methods.
        endpoint: Its function.
        asks: Whether it asks for a caller.
    """
    # Spec: features/limits.md#LIMIT-001 features/limits.md#LIMIT-002
    by_method = Limit.READ if SAFE.issuperset(methods) else Limit.WRITE
    person = vars(endpoint).get(_MARK, by_method) if asks else None
    return Admission(Limit.AUTH if path.startswith(_AUTH) else None, person)


async def admit(request: Request, admission: Admission, *, bearer: BearerDependency | None) -> Caller | None:
    """Take a request from the budgets that it is of, and return who is calling, if the route asks for that.

    Raises:
        TooMany: A budget is used up.
        AgendumError: The caller is not acceptable.
    """
    budgets = runtime_of(request).budgets
    if admission.address is not None:
        place = budgets.veil(counted_address(client_address(request)))
        _judge(request, await budgets.spend(admission.address, place))
    if bearer is None:
        return None
    caller = await bearer.find_caller(request)
    if admission.person is not None:
        _judge(request, await budgets.spend(admission.person, caller.person_id))
    return caller


def _judge(request: Request, standing: Standing | None) -> None:
    """Have the answer tell how a budget stands, and refuse a request that is one too many."""
    # Spec: features/limits.md#LIMIT-004
    if standing is None:
        return
    name, amount, period, _used, _left = standing
    seconds = standing.seconds_left
    request.scope["state"].setdefault("answer_headers", []).extend(
        (
            (b"ratelimit-policy", f'"{name}";q={amount};w={period}'.encode()),
            (b"ratelimit", f'"{name}";r={standing.remaining};t={seconds}'.encode()),
        )
    )
    if standing.is_exceeded:
        raise TooMany(_TOO_MANY, limit=name, retry_after=seconds)
