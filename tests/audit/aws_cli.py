"""The AWS CLI in one process, which forks for each command: its start-up is paid for once.

Prints its port. A client sends numbers and texts, each with a NUL behind it: how many variables, each as NAME=VALUE, how many
arguments, each of them. It gets the exit code and the lengths of both outputs on a line, and the outputs."""

import os
import signal
import socket
import sys
import tempfile

from awscli.clidriver import create_clidriver

SERVICES = "account cloudtrail cloudwatch events iam logs organizations sns sts".split()


def texts(connection):
    stream = connection.makefile("rb")
    buffer = b""

    def text():
        nonlocal buffer
        while b"\0" not in buffer:
            read = stream.read1(65536)
            if not read:
                sys.exit("the client has gone")
            buffer += read
        found, buffer = buffer.split(b"\0", 1)
        return found.decode()

    return text


def answer(connection, driver):
    text = texts(connection)
    variables = [text() for _ in range(int(text()))]
    arguments = [text() for _ in range(int(text()))]
    os.environ.update(variable.split("=", 1) for variable in variables)
    outputs = [tempfile.TemporaryFile(), tempfile.TemporaryFile()]
    for fd, output in zip((1, 2), outputs):
        os.dup2(output.fileno(), fd)
    try:
        code = driver.main(arguments)
    except SystemExit as end:
        code = end.code
    sys.stdout.flush()
    sys.stderr.flush()
    said = []
    for output in outputs:
        output.seek(0)
        said.append(output.read())
    connection.sendall(f"{int(code or 0)} {len(said[0])} {len(said[1])}\n".encode() + said[0] + said[1])


def main():
    driver = create_clidriver()
    loader = driver.session.get_component("data_loader")
    driver._get_command_table()
    for service in SERVICES:
        for kind in ("service-2", "paginators-1", "endpoint-rule-set-1"):
            try:
                loader.load_service_model(service, kind)
            except Exception:
                pass
    for name in ("endpoints", "sdk-default-configuration", "partitions"):
        loader.load_data(name)
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    print(listener.getsockname()[1], flush=True)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    # Whoever started it has gone when its standard input ends.
    if os.fork() == 0:
        sys.stdin.read()
        os.kill(os.getppid(), signal.SIGKILL)
        os._exit(0)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            answer(connection, driver)
            connection.close()
            os._exit(0)
        connection.close()


main()
