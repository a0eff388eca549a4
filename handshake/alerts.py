"""Which alert answers which fault: data, because stacks differ in nothing so much.

`RFC_ALERTS` is what RFC 5246 section 7.2.2 and RFC 8446 section 6.2 ask for; an emulated server brings its
own table.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar

from handshake.errors import Fault
from handshake.wire.registry import AlertDescription

Answer = TypeVar("Answer")

COARSER: Mapping[Fault, Fault] = MappingProxyType(
    {
        Fault.FIRST_RECORD_VERSION: Fault.RECORD_VERSION,
        Fault.ALERT_RECORD_VERSION: Fault.RECORD_VERSION,
        Fault.UNEXPECTED_RECORD: Fault.UNEXPECTED_MESSAGE,
        Fault.EMPTY_RECORD: Fault.UNEXPECTED_MESSAGE,
        Fault.HELLO_REQUEST_FROM_CLIENT: Fault.UNEXPECTED_MESSAGE,
        Fault.MESSAGE_LENGTH: Fault.DECODE,
        Fault.CERTIFICATE_REQUIRED: Fault.MISSING_CERTIFICATE,
        Fault.NO_COMMON_DH_GROUP: Fault.NO_COMMON_CIPHER_SUITE,
    }
)
"""The fault a finer one is a case of."""

_RFC_ALERTS: Mapping[Fault, int] = MappingProxyType(
    {
        Fault.DECODE: AlertDescription.DECODE_ERROR,
        Fault.ILLEGAL_PARAMETER: AlertDescription.ILLEGAL_PARAMETER,
        Fault.UNEXPECTED_MESSAGE: AlertDescription.UNEXPECTED_MESSAGE,
        Fault.UNFORESEEN: AlertDescription.INTERNAL_ERROR,
        Fault.ALERT_LENGTH: AlertDescription.DECODE_ERROR,
        Fault.BAD_RECORD_MAC: AlertDescription.BAD_RECORD_MAC,
        Fault.BAD_HANDSHAKE_RECORD_MAC: AlertDescription.BAD_RECORD_MAC,
        Fault.RECORD_OVERFLOW: AlertDescription.RECORD_OVERFLOW,
        Fault.RECORD_VERSION: AlertDescription.PROTOCOL_VERSION,
        Fault.NOT_TLS: AlertDescription.UNEXPECTED_MESSAGE,
        Fault.PROTOCOL_VERSION: AlertDescription.PROTOCOL_VERSION,
        Fault.CIPHER_SUITE_NOT_OFFERED: AlertDescription.ILLEGAL_PARAMETER,
        Fault.NO_COMMON_CIPHER_SUITE: AlertDescription.HANDSHAKE_FAILURE,
        Fault.NO_APPLICATION_PROTOCOL: AlertDescription.NO_APPLICATION_PROTOCOL,
        Fault.INAPPROPRIATE_FALLBACK: AlertDescription.INAPPROPRIATE_FALLBACK,
        Fault.UNSUPPORTED_EXTENSION: AlertDescription.UNSUPPORTED_EXTENSION,
        Fault.MISSING_EXTENSION: AlertDescription.MISSING_EXTENSION,
        Fault.RENEGOTIATION_INFO: AlertDescription.HANDSHAKE_FAILURE,
        Fault.RENEGOTIATION_SIGNAL: AlertDescription.HANDSHAKE_FAILURE,
        Fault.DECRYPT: AlertDescription.DECRYPT_ERROR,
        Fault.BAD_FINISHED: AlertDescription.DECRYPT_ERROR,
        Fault.BAD_CERTIFICATE: AlertDescription.BAD_CERTIFICATE,
        Fault.UNTRUSTED_CERTIFICATE: AlertDescription.UNKNOWN_CA,
        Fault.MISSING_CERTIFICATE: AlertDescription.HANDSHAKE_FAILURE,
        Fault.CERTIFICATE_REQUIRED: AlertDescription.CERTIFICATE_REQUIRED,
    }
)

RFC_ALERTS: Mapping[Fault, int] = MappingProxyType(
    {finer: _RFC_ALERTS[coarser] for finer, coarser in COARSER.items()} | dict(_RFC_ALERTS)
)


def answer_to(fault: Fault, departures: Mapping[Fault, Answer]) -> int | Answer:
    """What answers a fault where others than the RFC's alerts are named; a finer fault follows its coarser
    one.
    """
    coarser = departures.get(COARSER.get(fault, fault))
    named = departures.get(fault, coarser)
    return RFC_ALERTS[fault] if named is None else named
