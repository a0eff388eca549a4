"""What a hello needs to offer TLS 1.3."""

from msgspec.structs import replace

from handshake.errors import LocalError
from handshake.features.bodies import usual_extension
from handshake.features.edits import NEEDED_BY_TLS_1_3, TLS_1_3_SUITES, first_of, insert
from handshake.hello_template import HelloTemplate
from handshake.wire.client_hello import NULL_COMPRESSION
from handshake.wire.registry import ProtocolVersion, version_name


def with_what_tls_1_3_needs(template: HelloTemplate) -> HelloTemplate:
    """RFC 8446 sections 4.1.2 and 9.2: extensions, a suite, no compression, a client_version of TLS 1.2."""
    for needed in NEEDED_BY_TLS_1_3:
        if first_of(template, needed) is None:
            template = insert(template, usual_extension(template, needed))
    if template.client_version > ProtocolVersion.TLS_1_2:
        raise LocalError(f"its client_version is {version_name(template.client_version)}")
    suites = template.cipher_suites
    if not any(suite in TLS_1_3_SUITES for suite in suites):
        suites = (*TLS_1_3_SUITES[:3], *suites)
    return replace(
        template,
        cipher_suites=suites,
        compression_methods=NULL_COMPRESSION,
        client_version=int(ProtocolVersion.TLS_1_2),
    )
