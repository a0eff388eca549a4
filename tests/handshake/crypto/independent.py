"""tlslite-ng, the independent implementation these tests compare with.

Its package imports asyncore, which warns; the import is fenced here so that warnings stay errors everywhere
else.
"""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from tlslite import mathtls, recordlayer
    from tlslite.constants import CipherSuite
    from tlslite.handshakehashes import HandshakeHashes
    from tlslite.messages import Message
    from tlslite.utils.cryptomath import HKDF_expand_label

__all__ = ["CipherSuite", "HKDF_expand_label", "HandshakeHashes", "Message", "mathtls", "recordlayer"]
