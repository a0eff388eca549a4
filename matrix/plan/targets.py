"""The targets of a run, as they were asked for."""

from collections.abc import Iterable

from clients.destination import Target, parse_target
from handshake.crypto.credentials import Credential
from handshake.errors import LocalError
from matrix.errors import SelectionError


def parse_targets(texts: Iterable[str]) -> list[Target]:
    """Read the targets. Raises TargetError, or SelectionError for two of one name."""
    targets = [parse_target(text) for text in texts]
    for target in targets:
        _check_own_certificate(target)
    names = [target.name for target in targets]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SelectionError(f"--target {twice[0]}: given twice; give each target a name of its own")
    return targets


def _check_own_certificate(target: Target) -> None:
    """Read the certificate that clients are to show, so that a wrong file is told before anything runs."""
    if target.certificate is None or target.key is None:
        return
    texts, unreadable = [], []
    try:
        for path in (target.key, target.certificate):
            try:
                texts.append(path.read_text(encoding="ascii"))
            except OSError as error:
                unreadable.append(f"{path}: {error.strerror}")
        if unreadable:
            raise SelectionError(f"--target {target.name}: {'; '.join(unreadable)}")
        credential = Credential.from_pem(*texts)
    except (UnicodeDecodeError, LocalError) as error:
        raise SelectionError(
            f"--target {target.name}: cert={target.certificate},key={target.key}: {error}"
        ) from error
    if not credential.fits:
        raise SelectionError(
            f"--target {target.name}: the key in {target.key} does not belong to the first certificate in "
            f"{target.certificate}: give the key it was made with, and the client's own certificate first"
        )
