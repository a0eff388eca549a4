"""tlslite-ng as a client, as it is by default; it verifies no certificate by itself.

    python tlslite_client.py [FOLDER OF THE STACK]

It tells its alerts as exceptions.
"""

import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))
if len(sys.argv) > 1:
    sys.path.insert(0, sys.argv[1])
warnings.simplefilter("ignore")  # 0.8.2 imports asyncore

from tlslite.api import HandshakeSettings, TLSConnection  # noqa: E402
from tlslite.errors import TLSLocalAlert, TLSRemoteAlert  # noqa: E402

from clients.genuine.drivers.loop import Says, Told, serve  # noqa: E402


def visit(told: Told, says: Says) -> None:
    """One connection."""
    with told.connect() as plain:
        tls = TLSConnection(plain)
        try:
            tls.handshakeClientCert(settings=HandshakeSettings(), serverName=told.server_name or "")
            says.words += f"{tls.getVersionName()} {tls.getCipherName()}\n"
            tls.sendall(told.request_bytes)
            while data := tls.recv(16_384):
                says.take(bytes(data))
            tls.close()
        except TLSLocalAlert as alert:
            says.alert_sent = alert.description
            raise
        except TLSRemoteAlert as alert:
            says.alert_received = alert.description
            raise


if __name__ == "__main__":
    serve(visit)
