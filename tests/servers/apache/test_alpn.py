"""mod_ssl names http/1.1 to every client that offers protocols, also to one that has not offered it, where
RFC 7301 section 3.2 wants no_application_protocol; a client then has to refuse that.
"""

from tests.servers.questions import (
    no_common_application_protocol,
    no_common_application_protocol_in_tls_1_3,
)
from tests.servers.started import Variants


def test_names_a_protocol_that_was_not_offered(variants: Variants) -> None:
    server = variants.start("apache@system")
    refused = "protocol-error-illegal-parameter"
    assert no_common_application_protocol(server) == f"answers http/1.1: server-hello:{refused}"
    assert no_common_application_protocol_in_tls_1_3(server) == f"answers http/1.1: certificate:{refused}"
