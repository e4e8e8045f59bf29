"""Wakes a program at each new block of a chain."""

from __future__ import annotations

import json
import threading


class Heads:
    """Wakes the keeper at each new block: newHeads over WebSocket, or polling where there is none."""

    def __init__(self, url: str | None, poll: float):
        self.poll = poll
        self._url = url
        self._woken = threading.Event()
        self._stop = threading.Event()
        self.live = threading.Event()
        if url:
            threading.Thread(target=self._listen, name="heads", daemon=True).start()
            self.live.wait(2.0)

    def wait(self) -> None:
        """Until a block was announced or it is time to look."""
        self._woken.wait(max(self.poll, 1.0) if self.live.is_set() else self.poll)
        self._woken.clear()

    def wake(self) -> None:
        self._woken.set()

    def close(self) -> None:
        self._stop.set()

    def _listen(self) -> None:
        from websockets.exceptions import WebSocketException
        from websockets.sync.client import connect

        delay = 0.1
        while not self._stop.is_set():
            try:
                with connect(self._url or "", open_timeout=5, max_size=2**22) as socket:
                    socket.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": ["newHeads"]}))
                    if "result" not in json.loads(socket.recv(5)):
                        return  # an endpoint without subscriptions: polling it is
                    self.live.set()
                    self._woken.set()
                    delay = 0.1
                    while not self._stop.is_set():
                        socket.recv()
                        self._woken.set()
            except (OSError, WebSocketException, TimeoutError, ValueError):
                pass
            self.live.clear()
            self._woken.set()
            self._stop.wait(delay)
            delay = min(delay * 2, 10.0)
