"""wire.py - a line between the trading system and the exchange that can be cut.

A Proxy takes connections on a port of its own and carries bytes both ways. `mode` says what it
does from now on: "pass"; "cut" resets what is open and refuses what comes (nobody listens);
"hang" takes and keeps everything and delivers nothing, as a cable that was pulled does.
"""

import selectors
import socket
import struct
import threading

from world import demand


class Proxy:
    def __init__(self, port):
        self.target = ("127.0.0.1", port)
        self.pairs = {}
        self.mode = "pass"
        self.lock = threading.Lock()
        self.listener = self.listen(0)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.waker, self.woken = socket.socketpair()
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.selector.register(self.woken, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self.carry, daemon=True)
        self.thread.start()

    @staticmethod
    def listen(port):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
        return listener

    def become(self, mode):
        """Another mode; returns when it holds."""
        done = threading.Event()
        with self.lock:
            self.wanted = (mode, done)
        self.waker.send(b"x")
        demand(done.wait(10), f"the line did not become {mode}")

    def change(self):
        self.woken.recv(64)
        with self.lock:
            mode, done = self.wanted
        if mode == "cut":
            for end in list(self.pairs):
                self.drop(end, reset=True)
            if self.listener is not None:
                self.selector.unregister(self.listener)
                self.listener.close()
                self.listener = None
        elif self.listener is None:
            self.listener = self.listen(self.port)
            self.selector.register(self.listener, selectors.EVENT_READ)
        if mode == "pass" and self.mode == "hang":  # what hung is lost, as TCP would say in time
            for end in list(self.pairs):
                self.drop(end, reset=True)
        self.mode = mode
        done.set()

    def drop(self, end, reset=False):
        for one in (end, self.pairs.get(end)):
            if one is None or self.pairs.pop(one, None) is None:
                continue
            if one in self.selector.get_map():
                self.selector.unregister(one)
            if reset:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            one.close()

    def accept(self):
        client, _ = self.listener.accept()
        try:
            server = socket.create_connection(self.target, 5)
        except OSError:
            client.close()
            return
        self.pairs[client], self.pairs[server] = server, client
        for end in (client, server):
            self.selector.register(end, selectors.EVENT_READ)

    def move(self, end):
        try:
            data = end.recv(65536)
            if not data:
                raise OSError("closed")
            if self.mode == "pass":
                self.pairs[end].sendall(data)
        except OSError:
            self.drop(end)

    def carry(self):
        while True:
            for key, _ in self.selector.select():
                if key.fileobj is self.woken:
                    self.change()
                elif key.fileobj is self.listener:
                    self.accept()
                elif key.fileobj in self.pairs:
                    self.move(key.fileobj)
