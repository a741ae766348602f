"""Trucks that post until they are told yes, and keep account of what they were told."""

import threading
import time
from dataclasses import dataclass, field

import httpx

Key = tuple[str, int]

POSTERS, DEVICES = 4, 40
_PAUSE_S = 0.25


@dataclass
class Load:
    """Posts of some devices' fixes to two APIs; a post that is not acknowledged is sent again."""

    addresses: list[str]
    token: str
    acknowledged: set[Key] = field(default_factory=set)
    refused: int = 0
    unanswered: int = 0
    longest_s: float = 0.0
    """From a post's first try to its yes."""
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        for number in range(POSTERS):
            thread = threading.Thread(target=self._post, args=(number,), daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, within_s: float) -> bool:
        """Let every poster have its yes; tells whether all had."""
        self._stop.set()
        until = time.monotonic() + within_s
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _post(self, number: int) -> None:
        mine = [f"truck-{number}-{one}" for one in range(DEVICES // POSTERS)]
        with httpx.Client(timeout=5, headers={"Authorization": f"Bearer {self.token}"}) as client:
            turn = number
            while not self._stop.is_set():
                at_ms = int(time.time() * 1000)
                fixes = [
                    {"device": device, "fixed_at": at_ms, "lon": 106.7, "lat": 21.94}
                    for device in mine
                ]
                columns = {key: [fix[key] for fix in fixes] for key in fixes[0]}
                began = time.monotonic()
                while not self._told(client, turn, columns):
                    turn += 1
                    time.sleep(_PAUSE_S)
                with self._lock:
                    self.acknowledged |= {(device, at_ms) for device in mine}
                    self.longest_s = max(self.longest_s, time.monotonic() - began)
                time.sleep(0.05)

    def _told(self, client: httpx.Client, turn: int, columns: dict[str, list[object]]) -> bool:
        address = self.addresses[turn % len(self.addresses)]
        try:
            answer = client.post(f"http://{address}:8000/v1/fixes", json={"columns": columns})
        except httpx.TransportError:
            self.unanswered += 1
            return False
        self.refused += answer.status_code != httpx.codes.OK
        if answer.status_code not in (200, 429, 503):
            raise RuntimeError(f"{answer.status_code}: {answer.text}")
        return answer.status_code == httpx.codes.OK
