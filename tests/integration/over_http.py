"""Dispatches over real HTTP: client, quota, ledger and thread against a sandbox."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from migrator.client import LeadSquaredClient
from migrator.clock import SystemClock
from migrator.dispatcher import DeliveryPolicy, Dispatch, DispatchResult
from migrator.ledger import Ledger
from migrator.model import Run
from migrator.quota.local import AccountQuota
from migrator.retry import RetryPolicy
from migrator.sandbox import Sandbox, SandboxOptions
from tests.integration.dispatching import Spectator, a_dispatch

QUICK = DeliveryPolicy(retry=RetryPolicy(first_wait=0.02), patience=0.3)
UPDATE = "Update"


@asynccontextmanager
async def a_sandbox(**options: Any) -> AsyncIterator[Sandbox]:
    async with Sandbox(SandboxOptions(**({"limit": 10_000} | options))) as sandbox:
        yield sandbox


@asynccontextmanager
async def dispatching(
    ledger: Ledger,
    run: Run,
    sandbox: Sandbox,
    *,
    policy: DeliveryPolicy = QUICK,
    progress: Spectator | None = None,
    chosen: frozenset[int] | None = None,
    url: str = "",
    call_timeout: float = 5.0,
    ca_file: Path | None = None,
) -> AsyncIterator[Dispatch]:
    """``url``: what stands between the client and the sandbox; "" for nothing."""
    clock = SystemClock()
    client = LeadSquaredClient(
        url or sandbox.url,
        access_key=sandbox.options.access_key,
        secret_key=sandbox.options.secret_key,
        clock=clock,
        call_timeout=call_timeout,
        ca_file=ca_file,
    )
    async with client, ledger.thread() as thread:
        yield a_dispatch(
            ledger,
            run,
            client=client,
            quota=AccountQuota(40, 0.1, clock=clock),
            clock=clock,
            thread=thread,
            policy=policy,
            progress=progress,
            chosen=chosen,
        )


async def send(ledger: Ledger, run: Run, sandbox: Sandbox, **more: Any) -> DispatchResult:
    async with dispatching(ledger, run, sandbox, **more) as dispatch:
        return await dispatch.run()


def updates(sandbox: Sandbox) -> list[str]:
    return [record.opportunity for record in sandbox.log if record.path.endswith(UPDATE)]
