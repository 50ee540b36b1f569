"""Reach a listener outside. Print every way that works."""

import ctypes
import socket


def attempt(name, family, kind, address):
    try:
        with socket.socket(family, kind) as connection:
            connection.settimeout(0.5)
            if kind == socket.SOCK_DGRAM:
                connection.sendto(b"loot", address)
            else:
                connection.connect(address)
                connection.sendall(b"loot")
            print(name)
    except OSError:
        pass


def double(x):
    attempt("tcp", socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", HINTS["tcp"]))
    attempt("udp", socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", HINTS["udp"]))
    attempt("tcp over 6", socket.AF_INET6, socket.SOCK_STREAM, ("::ffff:127.0.0.1", HINTS["tcp"]))
    attempt("abstract", socket.AF_UNIX, socket.SOCK_STREAM, "\0" + HINTS["abstract"])
    attempt("path", socket.AF_UNIX, socket.SOCK_STREAM, HINTS["victim"] + "/socket")
    for family in (socket.AF_NETLINK, socket.AF_PACKET, socket.AF_VSOCK, socket.AF_ALG):
        try:
            socket.socket(family, socket.SOCK_RAW).close()
            print("family", family)
        except OSError:
            pass
    if ctypes.CDLL(None).syscall(425, 8, bytes(120)) != -1:
        print("io_uring")
    return 2 * x
