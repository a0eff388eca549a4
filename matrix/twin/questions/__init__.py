"""The questions, in the order in which they are asked: each may use what those before it have found out.

A question is a module of its own with a value QUESTION, and a line here.
"""

from matrix.twin.inquiry import Question
from matrix.twin.questions import (
    application_protocols,
    certificates,
    cipher_suites,
    diffie_hellman,
    extensions,
    form,
    groups,
    renegotiation,
    sessions,
    signature_schemes,
    sslv2_format,
    tolerance,
    versions,
)

QUESTIONS: tuple[Question, ...] = (
    versions.QUESTION,
    cipher_suites.QUESTION,
    groups.QUESTION,
    diffie_hellman.QUESTION,
    signature_schemes.QUESTION,
    sslv2_format.QUESTION,
    tolerance.QUESTION,
    application_protocols.QUESTION,
    extensions.QUESTION,
    certificates.QUESTION,
    sessions.QUESTION,
    renegotiation.QUESTION,
    form.QUESTION,
)
