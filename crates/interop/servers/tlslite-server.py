"""PyPI's tlslite-ng, which speaks what OpenSSL no longer does: one server a port, each told as JSON on the command line:
{ host, address, key, certificates, ports: [{ port, version, cipher, key_exchange }] }. Nothing is said inside TLS."""

import json
import socket
import sys
import threading

from tlslite.api import HandshakeSettings, TLSConnection, X509CertChain, parsePEMKey

SILENCE = 60


def settings(version, cipher, key_exchange):
    these = HandshakeSettings()
    these.minVersion = these.maxVersion = tuple(version)
    these.cipherNames = [cipher]
    these.keyExchangeNames = [key_exchange]
    these.macNames = ["sha", "md5", "sha256", "sha384", "aead"]
    return these


def secure(client, told, port):
    wanted = settings(port["version"], port["cipher"], port["key_exchange"])
    connection = TLSConnection(client)
    if port["key_exchange"].endswith("_anon"):
        connection.handshakeServer(anon=True, settings=wanted)
        return
    with open(told["certificates"]) as certificates, open(told["key"]) as key:
        chain = X509CertChain()
        chain.parsePemList(certificates.read())
        private = parsePEMKey(key.read(), private=True)
    connection.handshakeServer(certChain=chain, privateKey=private, settings=wanted)


def serve(client, told, port):
    host = told["host"]
    client.settimeout(SILENCE)
    with client, client.makefile("rb") as lines:
        client.sendall(f"220 {host} ESMTP tlslite-ng\r\n".encode())
        for line in lines:
            verb = line.strip().split(b" ")[0].upper()
            if verb == b"EHLO":
                client.sendall(f"250-{host}\r\n250 STARTTLS\r\n".encode())
            elif verb == b"STARTTLS":
                client.sendall(b"220 2.0.0 Ready to start TLS\r\n")
                return secure(client, told, port)
            elif verb == b"QUIT":
                return client.sendall(b"221 2.0.0 Bye\r\n")
            else:
                client.sendall(b"502 5.5.1 Command not implemented\r\n")


def accept(listener, told, port):
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client, told, port), daemon=True).start()


def main(told):
    for port in told["ports"]:
        listener = socket.create_server((told["address"], port["port"]))
        threading.Thread(target=accept, args=(listener, told, port), daemon=True).start()
    threading.Event().wait()


main(json.loads(sys.argv[1]))
