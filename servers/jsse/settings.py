"""What the toggles of server.toml mean to a Java virtual machine: properties, most of them read once.

Names and meanings are those of the JSSE Reference Guide, "Customizing JSSE", and of the JDK's java.security.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

# (toggle, value) -> a system property; a value that is not here is what the JDK does without being told.
SYSTEM_PROPERTIES = {
    ("renegotiation", "legacy"): "sun.security.ssl.allowUnsafeRenegotiation=true",
    ("client-initiated", "no"): "jdk.tls.rejectClientInitiatedRenegotiation=true",
    ("legacy-hello", "no"): "sun.security.ssl.allowLegacyHelloMessages=false",
}

# (toggle, value) -> security properties to empty before a class of JSSE reads them. jdk.disabled.namedCurves
# is included by the others in JDK 11 (java.security of 11.0.13) and is gone in 17.
EMPTIED_SECURITY_PROPERTIES = {
    ("configuration", "legacy"): (
        "jdk.tls.disabledAlgorithms",
        "jdk.certpath.disabledAlgorithms",
        "jdk.disabled.namedCurves",
    ),
}

# What the machine needs and the server does not notice: a small heap, a start without delay, no signal
# handlers of its own (-Xrs), no file in the temporary folder (UsePerfData), nothing on standard output, which
# belongs to the events.
MACHINE_OPTIONS = (
    "-Xmx96m",
    "-Xrs",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:-UsePerfData",
    "-XX:+DisableAttachMechanism",
    "-XX:+DisplayVMOutputToStderr",
    # JSSE's own view of a connection; "record" names the alerts it writes.
    "-Djavax.net.debug=ssl,handshake,record",
)
# JPype loads native code, which JDK 24 and later warn of unless it is allowed; 11 does not know the option.
NATIVE_ACCESS = "--enable-native-access=ALL-UNNAMED"
NATIVE_ACCESS_SINCE = 17

JARS = Path("/usr/share/java")
BOUNCY_CASTLE_JARS = tuple(JARS / name for name in ("bcprov.jar", "bcutil.jar", "bctls.jar"))
BOUNCY_CASTLE_COMMAND = "apt-get install libbctls-java"


def machine_options(toggles: Mapping[str, str], feature_release: int) -> list[str]:
    """The options to start the machine of a JDK (17, 21 ...) with."""
    properties = [
        f"-D{SYSTEM_PROPERTIES[setting]}" for setting in toggles.items() if setting in SYSTEM_PROPERTIES
    ]
    native = [NATIVE_ACCESS] if feature_release >= NATIVE_ACCESS_SINCE else []
    return [*MACHINE_OPTIONS, *native, *properties]


def emptied_security_properties(toggles: Mapping[str, str]) -> Iterable[str]:
    """The security properties to empty."""
    for setting in toggles.items():
        yield from EMPTIED_SECURITY_PROPERTIES.get(setting, ())


def class_path(toggles: Mapping[str, str]) -> tuple[Path, ...]:
    """The jars that are needed besides the JDK."""
    return BOUNCY_CASTLE_JARS if toggles["provider"] == "bc" else ()
