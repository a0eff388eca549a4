"""Captures as observations: what became of each hello is read off the packets."""

from pathlib import Path

import pytest

from matrix.diagnose.captured import captured_rows
from matrix.diagnose.elimination import diagnose
from matrix.diagnose.observations import ObservationError
from tests.clients.capture.hellos import alert, hello
from tests.clients.capture.packets import ACK, FIN, Conversation, pcap
from tests.clients.capture.test_answer import CHANGE, FINISHED, SERVER_12
from tests.matrix.diagnose.seen import INCIDENT, profiles, rows_written
from tests.matrix.test_run import tls_matrix

OTHER = ("192.0.2.9", 443)
UNEXPECTED = alert(10)


def refused(client: str, port: int, server: tuple[str, int] = ("192.0.2.2", 443)) -> Conversation:
    conversation = Conversation(("192.0.2.1", port), server).opened()
    return conversation.client_says(hello(client)).server_says(UNEXPECTED).ends(FIN | ACK)


def answered(client: str, port: int) -> Conversation:
    conversation = Conversation(("192.0.2.1", port)).opened().client_says(hello(client))
    conversation.server_says(SERVER_12).client_says(CHANGE + FINISHED).server_says(CHANGE + FINISHED)
    return conversation.ends(FIN | ACK)


def written(folder: Path, *conversations: Conversation) -> Path:
    packets = [
        packet
        for number, each in enumerate(conversations)
        for packet in each.packets(at=1_800_000_000.0 + 60 * number)
    ]
    path = folder / "seen.pcap"
    path.write_bytes(pcap(packets))
    return path


def test_a_refused_hello_fails_and_a_complete_one_works(tmp_path: Path) -> None:
    path = written(tmp_path, refused("biztalk-ws2008", 5001), answered("openssl-0.9.8-tls1", 5002))
    rows = captured_rows(path, None)
    assert [(row.label, row.works, str(row.cause)) for row in rows] == [
        ("seen.pcap#1", False, "alert-unexpected_message"),
        ("seen.pcap#2", True, "None"),
    ]
    possible = {each.name for each in diagnose(rows).possible}
    assert {"extension:server_name", "ec-cipher-suite"} <= possible
    assert "extension-block" not in possible


def test_it_says_what_the_written_observations_say(tmp_path: Path) -> None:
    """The same hellos, one by its profile and one by its bytes, are the same evidence."""
    capture = diagnose(captured_rows(written(tmp_path, refused("biztalk-ws2008", 5001)), None))
    entry = '[[observation]]\nclient = "biztalk-ws2008"\noutcome = "fails"\n'
    profile = diagnose(rows_written(tmp_path, entry))
    of_name = ("hello-length", "body:server_name")  # the name in the capture is its own
    names = [
        {each.name for each in found.possible if not each.name.startswith(of_name)}
        for found in (capture, profile)
    ]
    assert names[0] == names[1]


def test_what_the_capture_does_not_show_is_left_out(tmp_path: Path) -> None:
    silent = Conversation(("192.0.2.1", 5003)).opened().client_says(hello("openssl-1.0.1"))
    rows = captured_rows(written(tmp_path, refused("biztalk-ws2008", 5001), silent), None)
    diagnosis = diagnose(rows)
    assert [each.row.label for each in diagnosis.left_out] == ["seen.pcap#2"]
    assert "before it is known" in diagnosis.left_out[0].why


def test_two_servers_are_not_mixed(tmp_path: Path) -> None:
    path = written(tmp_path, refused("biztalk-ws2008", 5001), refused("java-7", 5002, OTHER))
    with pytest.raises(
        ObservationError, match=r"several servers: choose one with --to 192\.0\.2\.2:443, 192\.0\.2\.9:443"
    ):
        captured_rows(path, None)
    assert len(captured_rows(path, "192.0.2.9:443")) == 1
    with pytest.raises(ObservationError, match=r"--to 192\.0\.2\.3:1: no hello of seen.pcap went there"):
        captured_rows(path, "192.0.2.3:1")


def test_a_file_without_a_hello_is_told(tmp_path: Path) -> None:
    path = tmp_path / "empty.pcap"
    path.write_bytes(pcap([]))
    with pytest.raises(ObservationError, match="has no ClientHello"):
        captured_rows(path, None)
    path.write_bytes(b"nonsense" * 9)
    with pytest.raises(ObservationError, match="is no capture"):
        captured_rows(path, None)


def test_the_command_takes_a_capture_beside_observations_or_alone(tmp_path: Path) -> None:
    path = written(tmp_path, answered("java-7", 5002))
    done = tls_matrix("diagnose", str(INCIDENT), "--capture", str(path))
    assert done.returncode == 1, done.stderr
    assert "seen.pcap#1 works with" in done.stdout
    alone = tls_matrix("diagnose")
    assert (alone.returncode, alone.stdout) == (2, "")
    assert "name a file of observations, or a capture with --capture" in alone.stderr


def test_a_captured_hello_can_be_named_in_an_observation(tmp_path: Path) -> None:
    written(tmp_path, refused("biztalk-ws2008", 5001), answered("java-7", 5002))
    entry = '[[observation]]\nhello = "seen.pcap#2"\noutcome = "works"\n'
    (row,) = rows_written(tmp_path, entry)
    assert row.hellos[0].cipher_suites == profiles()["java-7"].attempts[0].template.cipher_suites
    with pytest.raises(ObservationError, match="has no hello 3 that can be read"):
        rows_written(tmp_path, entry.replace("#2", "#3"))
