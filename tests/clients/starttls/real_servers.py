"""Debian's servers that begin TLS after words in the clear, as plain processes on loopback.

Most do not need root, and some refuse it: as root they are run as `nobody`, in a folder that is nobody's.
Exim's daemon must be started as its own user, and so by root.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from handshake.crypto.credentials import generate_rsa

IS_ROOT = os.geteuid() == 0
USER = "nobody" if IS_ROOT else pwd.getpwuid(os.geteuid()).pw_name
STARTS = 5  # a port found free may be taken a moment later by somebody else
START_SECONDS = 30.0
SEARCH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])


@dataclass(frozen=True)
class RealServer:
    """A server of Debian's: `command(folder, port)` writes its configuration and says how it is started.

    In the folder are `certificate.pem` and `key.pem`.
    """

    protocol: str
    program: str
    package: str
    command: Callable[[str, Path, int], list[str]]
    user: str = USER

    def missing(self) -> str | None:
        """Why the server cannot be started here, and what helps; None if it can."""
        if self.find() is None:
            return f"there is no {self.program} program; get it with: apt-get install {self.package}"
        if self.user != USER and not IS_ROOT:
            return f"{self.program} runs as {self.user} only; start the tests as root"
        return None

    def find(self) -> str | None:
        """The program's path, if it is installed."""
        versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        return shutil.which(self.program, path=os.pathsep.join([*map(str, reversed(versions)), SEARCH]))


def exim(program: str, folder: Path, port: int) -> list[str]:
    (folder / "exim.conf").write_text(
        f"""
primary_hostname = server.example.test
spool_directory = {folder}
log_file_path = {folder}/%slog
pid_file_path = {folder}/pid
tls_advertise_hosts = *
tls_certificate = {folder}/certificate.pem
tls_privatekey = {folder}/key.pem
tls_require_ciphers = NORMAL:+VERS-TLS1.0:+VERS-TLS1.1
host_lookup =
"""
    )
    return [program, "-C", f"{folder}/exim.conf", "-bdf", "-oX", f"127.0.0.1:{port}"]


def dovecot(protocol: str) -> Callable[[str, Path, int], list[str]]:
    def command(program: str, folder: Path, port: int) -> list[str]:
        other = "imaps" if protocol == "imap" else "pop3s"
        (folder / "dovecot.conf").write_text(
            f"""
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = {protocol}
listen = 127.0.0.1
default_login_user = {USER}
default_internal_user = {USER}
default_internal_group =
ssl = required
ssl_cert = <{folder}/certificate.pem
ssl_key = <{folder}/key.pem
ssl_min_protocol = TLSv1
ssl_cipher_list = ALL:@SECLEVEL=0
service anvil {{
  chroot =
}}
service {protocol}-login {{
  chroot =
  inet_listener {protocol} {{
    port = {port}
  }}
  inet_listener {other} {{
    port = 0
  }}
}}
passdb {{
  driver = static
  args = password=none
}}
userdb {{
  driver = static
  args = uid={USER} home={folder}
}}
"""
        )
        return [program, "-F", "-c", f"{folder}/dovecot.conf"]

    return command


def vsftpd(program: str, folder: Path, port: int) -> list[str]:
    (folder / "empty").mkdir()
    (folder / "vsftpd.conf").write_text(
        f"""
listen=YES
listen_address=127.0.0.1
listen_port={port}
background=NO
run_as_launching_user=YES
secure_chroot_dir={folder}/empty
ssl_enable=YES
rsa_cert_file={folder}/certificate.pem
rsa_private_key_file={folder}/key.pem
ssl_ciphers=ALL:@SECLEVEL=0
"""
    )
    return [program, f"{folder}/vsftpd.conf"]


def slapd(program: str, folder: Path, port: int) -> list[str]:
    (folder / "slapd.conf").write_text(
        f"""
pidfile {folder}/pid
argsfile {folder}/args
TLSCertificateFile {folder}/certificate.pem
TLSCertificateKeyFile {folder}/key.pem
TLSCipherSuite NORMAL:+VERS-TLS1.0:+VERS-TLS1.1
"""
    )
    return [program, "-h", f"ldap://127.0.0.1:{port}", "-f", f"{folder}/slapd.conf", "-d", "0"]


def postgres(program: str, folder: Path, port: int) -> list[str]:
    initdb = Path(program).resolve().with_name("initdb")
    quick = ["--no-sync", "--auth=scram-sha-256", f"--pwfile={folder}/key.pem", "--username=admin"]
    run([str(initdb), "-D", f"{folder}/data", *quick], folder)
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "ssl": "on",
        "ssl_cert_file": folder / "certificate.pem",
        "ssl_key_file": folder / "key.pem",
        "ssl_min_protocol_version": "TLSv1",
        "ssl_ciphers": "ALL:@SECLEVEL=0",
        "fsync": "off",
    }
    return [program, "-D", f"{folder}/data", *(f"--{key}={value}" for key, value in settings.items())]


def mariadb(program: str, folder: Path, port: int) -> list[str]:
    (folder / "data").mkdir()
    return [
        program,
        "--no-defaults",
        f"--datadir={folder}/data",
        f"--socket={folder}/socket",
        f"--pid-file={folder}/pid",
        "--bind-address=127.0.0.1",
        f"--port={port}",
        "--skip-grant-tables",
        "--skip-networking=0",
        "--skip-innodb",
        "--default-storage-engine=MyISAM",
        f"--ssl-cert={folder}/certificate.pem",
        f"--ssl-key={folder}/key.pem",
        "--tls-version=TLSv1.0,TLSv1.1,TLSv1.2,TLSv1.3",
        "--ssl-cipher=ALL:@SECLEVEL=0",
    ]


def prosody(program: str, folder: Path, port: int) -> list[str]:
    (folder / "prosody.cfg.lua").write_text(
        f"""
pidfile = "{folder}/pid"
data_path = "{folder}"
log = "{folder}/log"
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {port} }}
s2s_ports = {{ }}
modules_disabled = {{ "s2s", "offline", "posix" }}
modules_enabled = {{ "tls", "saslauth" }}
c2s_require_encryption = true
VirtualHost "server.example.test"
    ssl = {{ certificate = "{folder}/certificate.pem", key = "{folder}/key.pem",
             protocol = "tlsv1+", ciphers = "ALL:@SECLEVEL=0" }}
"""
    )
    return [program, "-F", "--config", f"{folder}/prosody.cfg.lua"]


def tinyproxy(program: str, folder: Path, port: int) -> list[str]:
    (folder / "tinyproxy.conf").write_text(
        f'Port {port}\nListen 127.0.0.1\nTimeout 10\nLogFile "{folder}/log"\nLogLevel Error\n'
    )
    return [program, "-d", "-c", f"{folder}/tinyproxy.conf"]


SERVERS = {
    "exim": RealServer("smtp", "exim4", "exim4-daemon-light", exim, "Debian-exim"),
    "dovecot-imap": RealServer("imap", "dovecot", "dovecot-imapd", dovecot("imap")),
    "dovecot-pop3": RealServer("pop3", "dovecot", "dovecot-pop3d", dovecot("pop3")),
    "vsftpd": RealServer("ftp", "vsftpd", "vsftpd", vsftpd),
    "slapd": RealServer("ldap", "slapd", "slapd", slapd),
    "postgres": RealServer("postgres", "postgres", "postgresql", postgres),
    "mariadb": RealServer("mysql", "mariadbd", "mariadb-server-core", mariadb),
    "prosody": RealServer("xmpp", "prosody", "prosody", prosody),
    "tinyproxy": RealServer("http-connect", "tinyproxy", "tinyproxy-bin", tinyproxy),
}


@contextmanager
def started(server: RealServer) -> Iterator[int]:
    """Start a server that is installed; the port it listens on."""
    program = server.find()
    assert program is not None
    for _ in range(STARTS):
        with (
            tempfile.TemporaryDirectory(prefix="starttls-") as name,
            socket.create_server(("127.0.0.1", 0)) as found,
        ):
            folder, port = Path(name), int(found.getsockname()[1])
            found.close()
            write_credentials(folder)
            give_away(folder, server.user)
            command = server.command(program, folder, port)
            give_away(folder, server.user)
            with (folder / "output").open("wb") as output:
                process = start(command, server.user, folder, output.fileno())
            try:
                if is_listening(process, port):
                    yield port
                    return
                said = (folder / "output").read_text(errors="replace")
            finally:
                stop(process)
    raise AssertionError(f"{command[0]} does not start: {said}")


def write_credentials(folder: Path) -> None:
    pem = generate_rsa(2048, subject="server.example.test", now=datetime.now(UTC), serial=1).to_pem()
    (folder / "certificate.pem").write_text(pem.chain)
    (folder / "key.pem").touch(mode=0o600)
    (folder / "key.pem").write_text(pem.private_key)


def give_away(folder: Path, user: str) -> None:
    if IS_ROOT:
        for path in [folder, *folder.iterdir()]:
            shutil.chown(path, user)


def run(command: list[str], folder: Path) -> None:
    result = subprocess.run(
        command,
        cwd=folder,
        env=environment(folder),
        **identity(USER),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def start(command: list[str], user: str, folder: Path, output: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment(folder),
        **identity(user),
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
    )


def identity(user: str) -> dict[str, Any]:
    """Who a program is run as, if it can be chosen."""
    if not IS_ROOT:
        return {}
    known = pwd.getpwnam(user)
    return {"user": known.pw_uid, "group": known.pw_gid, "extra_groups": []}


def environment(folder: Path) -> dict[str, str]:
    return {"PATH": SEARCH, "LC_ALL": "C", "HOME": str(folder), "TMPDIR": str(folder)}


def is_listening(process: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until the port accepts, or the process has ended."""
    until = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return True
    return False


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the server, and then what it has left of its group."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(10)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)
