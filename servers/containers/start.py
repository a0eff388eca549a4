"""Starts server variants in containers and leaves nothing running: the same as `servers.processes.start` does
with processes, and what the servers say and do is the same.

A container serves all variants of one image, unless their definition gives each variant a process of its own.
Several names may stand for one image, as those of all emulated servers do.
"""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

import docker
from docker.errors import DockerException
from requests.exceptions import RequestException

from servers.containers.build import find_image, not_usable
from servers.containers.container import STOP_SECONDS, ProgramContainer
from servers.containers.engine import EngineError, engine, said
from servers.containers.leftovers import remove_abandoned, run_labels
from servers.containers.recipe import recipe
from servers.contract import Configuration, PrivateKeyAndChain
from servers.own_program import from_id
from servers.running import NotInstalled, ProgramEvents, RunningServers, StartFailure, StartResult
from servers.variant import ServerVariant
from stacks.temporary_folder import remove_abandoned_folders, temporary_folder

START_DEADLINE_SECONDS = 15.0
SECONDS_PER_FURTHER_CONTAINER = 1.5
STARTS_AT_ONCE = 4
LOOPBACK = "127.0.0.1"  # the container's own


@contextmanager
def start_servers(
    variants: Sequence[ServerVariant],
    credentials: Mapping[str, PrivateKeyAndChain],
    deadline_seconds: float = START_DEADLINE_SECONDS,
    *,
    client_certificates: Mapping[str, str] | None = None,
    meanwhile: Callable[[], None] = lambda: None,
) -> Iterator[RunningServers]:
    """Start every variant in a container, wait until each runs or has failed, and remove all on exit.

    The wait takes at most the deadline, and some more for each container; `meanwhile` is called during it. A
    server that does not start is a value in the result, never an exception.
    """
    wanted = list(dict.fromkeys(variants))
    with ExitStack() as closing:
        try:
            client = closing.enter_context(engine())
        except EngineError as error:
            meanwhile()
            yield RunningServers({variant.id: StartFailure(variant.id, str(error)) for variant in wanted}, {})
            return
        remove_abandoned_folders()
        starting = _Starting(client, closing.enter_context(temporary_folder("containers")))
        closing.callback(starting.stop)
        yield starting.start(wanted, credentials, client_certificates or {}, deadline_seconds, meanwhile)


@dataclass
class _Group:
    """What one container is for; `memory` in megabytes."""

    image: str
    name: str
    program: str
    memory: int
    needs_ipv6: bool
    configurations: list[Configuration] = field(default_factory=list)


class _Starting:
    """The containers of one run."""

    def __init__(self, client: docker.DockerClient, folder: Path) -> None:
        self._client = client
        self._folder = folder
        self._run = secrets.token_hex(4)
        self._labels = run_labels(self._run)
        self._results: dict[str, StartResult] = {}
        self._containers: list[ProgramContainer] = []

    def start(
        self,
        variants: Sequence[ServerVariant],
        credentials: Mapping[str, PrivateKeyAndChain],
        client_certificates: Mapping[str, str],
        deadline_seconds: float,
        meanwhile: Callable[[], None],
    ) -> RunningServers:
        """Start a container for each group of variants, at most some at once, and wait for what they say."""
        with suppress(DockerException, RequestException):
            remove_abandoned(self._client)
        groups: dict[tuple[str, str], _Group] = {}
        for variant in variants:
            image = self._image(variant)
            if image is not None:
                group = groups.setdefault((image, _alone(variant)), self._group(variant, image))
                group.configurations.append(variant.configuration(credentials, client_certificates, LOOPBACK))
        deadline = time.monotonic() + deadline_seconds + len(groups) * SECONDS_PER_FURTHER_CONTAINER
        events: dict[str, ProgramEvents] = {}
        with ThreadPoolExecutor(STARTS_AT_ONCE) as pool:
            for group, container in zip(groups.values(), pool.map(self._start, groups.values()), strict=True):
                if container is not None:
                    events |= {configuration.id: container.events for configuration in group.configurations}
        meanwhile()
        for container in self._containers:
            self._results |= container.events.results(deadline)
        return RunningServers({variant.id: self._results[variant.id] for variant in variants}, events)

    def stop(self) -> None:
        """Stop all containers, and remove those that do not end by themselves."""
        for container in self._containers:
            container.ask_to_stop()
        stop_by = time.monotonic() + STOP_SECONDS
        with ThreadPoolExecutor(STARTS_AT_ONCE) as pool:
            list(pool.map(lambda container: container.stop(stop_by), self._containers))

    def _image(self, variant: ServerVariant) -> str | None:
        """The id of the variant's image; where there is none that can be used, the result says why."""
        server = f"{variant.definition.id}@{variant.level}"
        if "docker" not in variant.definition.backends:
            self._results[variant.id] = NotInstalled(
                variant.id, f"{server} cannot be had in a container (backends in its server.toml)"
            )
            return None
        if variant.own_program is not None:
            self._results[variant.id] = NotInstalled(
                variant.id,
                f"a container does not have {from_id(variant.own_program)} of this machine: run it with "
                "--backend process",
            )
            return None
        wanted = recipe(variant.definition, variant.level)
        try:
            image = find_image(self._client, wanted.tag)
        except (DockerException, RequestException) as error:
            self._results[variant.id] = StartFailure(variant.id, said(error))
            return None
        if image is not None and image.is_made_of(wanted):
            return image.id
        self._results[variant.id] = NotInstalled(variant.id, not_usable(image, wanted))
        return None

    def _group(self, variant: ServerVariant, image: str) -> _Group:
        program = variant.definition.program
        name = f"tls-matrix-{program.parent.name}-{self._run}-{secrets.token_hex(2)}"
        definition = variant.definition
        title = f"{program.parent.name}/{program.name}"
        return _Group(image, name, title, definition.memory, definition.needs_ipv6)

    def _start(self, group: _Group) -> ProgramContainer | None:
        try:
            container = ProgramContainer(
                self._client,
                group.image,
                group.name,
                group.program,
                self._labels,
                group.memory,
                group.needs_ipv6,
                self._relay_folder(),
                group.configurations,
            )
        except (DockerException, RequestException) as error:
            for configuration in group.configurations:
                message = f"the container of {group.program} cannot be started: {said(error)}"
                self._results[configuration.id] = StartFailure(configuration.id, message)
            return None
        self._containers.append(container)
        return container

    def _relay_folder(self) -> Path | None:
        """A folder for the socket of one relay; None where there is no room for one."""
        with suppress(OSError):
            folder = Path(mkdtemp(dir=self._folder))
            folder.chmod(0o777)  # for nobody in the container; the folder around it is for this user alone
            return folder
        return None


def _alone(variant: ServerVariant) -> str:
    return variant.id if variant.definition.process == "per-variant" else ""
