"""What servers share that are programs of the system: started, ended with us, watched, and read.

`DH_PARAMETERS` is ffdhe2048 (RFC 7919, appendix A.1) in the form that programs read.
"""

from pathlib import Path

DH_PARAMETERS = Path(__file__).with_name("ffdhe2048.pem")
