"""Carries one connection between a socket of a client or server and a stream of frames, either way and to its
end.

The same at both ends: beside the clients, where the socket is a client's, and in the container, where it is
the server's.
"""

import select
import socket
from collections import deque
from collections.abc import Iterator
from contextlib import suppress

from servers.containers.frames import (
    MAX_PAYLOAD,
    Data,
    End,
    Frame,
    FrameError,
    FrameReader,
    Reset,
    push_frame,
)
from servers.listener import CONNECTION_TIMEOUT_SECONDS, reset_on_close, set_timeout


class FrameStream:
    """Frames over a socket; OSError where it fails, and a stream that ends without a word is a Reset."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._reader = FrameReader()
        self._arrived: deque[Frame] = deque()

    def fileno(self) -> int:
        """The descriptor to wait on for more frames."""
        return self._connection.fileno()

    def send(self, frame: Frame) -> None:
        """Send one frame."""
        self._connection.sendall(push_frame(frame))

    def receive(self) -> None:
        """Wait for bytes and read them; the frames they complete are then given by `arrived`."""
        received = self._connection.recv(MAX_PAYLOAD)
        try:
            self._arrived += self._reader.feed(received) if received else [Reset()]
        except FrameError:
            self._arrived.append(Reset())

    def arrived(self) -> Iterator[Frame]:
        """The frames that have arrived and were not given yet."""
        while self._arrived:
            yield self._arrived.popleft()

    def receive_one(self) -> Frame:
        """The next frame, waited for."""
        while not self._arrived:
            self.receive()
        return self._arrived.popleft()

    def close(self) -> None:
        """Close the socket."""
        self._connection.close()


def carry(connection: socket.socket, frames: FrameStream) -> None:
    """Carry bytes, ends and resets both ways until the connection is over, then close it as the other side's
    was closed.
    """
    with connection:
        set_timeout(connection, CONNECTION_TIMEOUT_SECONDS)
        carrying = _Carrying(connection, frames)
        try:
            is_reset_there = carrying.run()
        except OSError:
            carrying.send_reset()
            is_reset_there = False
        if is_reset_there:
            reset_on_close(connection)


class _Carrying:
    def __init__(self, connection: socket.socket, frames: FrameStream) -> None:
        self._connection = connection
        self._frames = frames
        self._ended_here = False
        self._ended_there = False

    def run(self) -> bool:
        """Whether the end was a reset from the other side; OSError when it was one from this side."""
        poll = select.poll()
        poll.register(self._connection, select.POLLIN)
        poll.register(self._frames, select.POLLIN)
        if self._carry_in():  # what came along with the first frames
            return True
        while not (self._ended_here and self._ended_there):
            for descriptor, _ in poll.poll():
                if descriptor == self._frames.fileno():
                    self._frames.receive()
                    if self._carry_in():
                        return True
                elif self._ended_here:
                    # After the peer's end only an error wakes us, or that both have ended.
                    self._raise_error()
                    poll.unregister(self._connection)
                elif self._carry_out():
                    poll.modify(self._connection, 0)
        return False

    def send_reset(self) -> None:
        """Send what can still be read, for a reset overtakes nothing that came before it, and then that."""
        with suppress(OSError):
            while received := self._connection.recv(MAX_PAYLOAD, socket.MSG_DONTWAIT):
                self._frames.send(Data(received))
        with suppress(OSError):
            self._frames.send(Reset())

    def _carry_in(self) -> bool:
        for frame in self._frames.arrived():
            match frame:
                case Data(content):
                    self._connection.sendall(content)
                case End():
                    self._ended_there = True
                    self._connection.shutdown(socket.SHUT_WR)
                case _:
                    return True
        return False

    def _carry_out(self) -> bool:
        """Send on what there is; whether it was the end."""
        if received := self._connection.recv(MAX_PAYLOAD):
            self._frames.send(Data(received))
            return False
        self._ended_here = True
        self._frames.send(End())
        return True

    def _raise_error(self) -> None:
        if error := self._connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(error, "the peer has reset the connection")
