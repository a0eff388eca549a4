"""A program, not a test: sets up the listening socket of a jsse variant and prints what the JDK says it is
prepared to negotiate. One configuration on standard input, one line of JSON on standard output.
"""

import json
import os
import sys
from typing import Any

from servers import contract
from servers.jsse.context import listen
from servers.jsse.serve import stack_title, start_machine


def main() -> None:
    (configuration,) = contract.read_configurations(sys.stdin.buffer)
    machine = start_machine(configuration)
    listening: Any = listen(machine, configuration)
    answer = {
        "provider": stack_title(machine, configuration),
        "protocols": [str(name) for name in listening.getEnabledProtocols()],
        "cipher_suites": [str(name) for name in listening.getEnabledCipherSuites()],
        "supported_protocols": [str(name) for name in listening.getSupportedProtocols()],
        "supported_cipher_suites": [str(name) for name in listening.getSupportedCipherSuites()],
        "servers_order": bool(listening.getSSLParameters().getUseCipherSuitesOrder()),
    }
    print(json.dumps(answer), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
