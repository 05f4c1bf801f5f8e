"""Certificates of an authority of our own, made when they are needed: no key is in the repository.

Owns both ends' files. It imports nothing of migrator.
"""

import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True)
class Certificate:
    """One server's certificate, and whom to trust for it."""

    authority: Path  #: What `LSQ_CA_FILE` names.
    chain: Path  #: The server's certificate and its key.


def a_certificate(folder: Path, host: str = "127.0.0.1") -> Certificate:
    """A certificate for a host name or an address, of an authority that nobody else knows."""
    authority = trustme.CA()
    number = len(list(folder.glob("chain-*.pem")))
    made = Certificate(folder / f"authority-{number}.pem", folder / f"chain-{number}.pem")
    authority.cert_pem.write_to_path(str(made.authority))
    authority.issue_cert(host).private_key_and_cert_chain_pem.write_to_path(str(made.chain))
    return made


def server_side(certificate: Certificate, newest: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """What a server presents; ``newest``: the newest version of TLS that it speaks."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain)
    if newest is not None:
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = newest
    return context
