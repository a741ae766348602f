"""Until when the certificate of an address holds."""

import socket
import ssl

_ANSWER_S = 5.0


def ask_end(host: str, port: int, trusted: ssl.SSLContext) -> float:
    """Return when the certificate shown at an address ends, in seconds since 1970.

    Raises
    ------
    ssl.SSLCertVerificationError
        Browsers would warn of it: it has ended, or is another one's.
    OSError
        The address cannot be reached from here.
    """
    with (
        socket.create_connection((host, port), _ANSWER_S) as plain,
        trusted.wrap_socket(plain, server_hostname=host) as line,
    ):
        shown = line.getpeercert() or {}
    return float(ssl.cert_time_to_seconds(str(shown["notAfter"])))
