"""Mails of a `cargo dev` by SMTP_URL, which aiosmtpd gets and Python's mail parser reads."""

import contextlib
import email
import email.policy
import os
import queue
import re
import socket
from pathlib import Path

import pytest
import requests
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from conftest import started

PASSWORD = "correct horse battery"


class Handler:
    """Keeps the mails, and rejects one address for good."""

    def __init__(self):
        self.mails = queue.Queue()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("rejected@"):
            return "550 5.1.1 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.mails.put((session.authenticated, envelope))
        return "250 OK"

    def mail(self):
        """Returns whether its sender had logged in, its recipients and the mail, once there is one."""
        authenticated, envelope = self.mails.get(timeout=30)
        return authenticated, envelope.rcpt_tos, email.message_from_bytes(envelope.original_content, policy=email.policy.default)


def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=(data.login, data.password) == (b"latchkey", b"p@ss word"), handled=True)


@contextlib.contextmanager
def listening(handler, port, **options):
    controller = Controller(handler, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield
    finally:
        controller.stop()


@contextlib.contextmanager
def service(folder, smtp_url, **variables):
    programs = os.environ.get("LATCHKEY_PROGRAMS")
    if not programs:
        pytest.skip("the service is not this suite's own")
    command = [str(Path(programs) / "local"), "--in-memory", "--port", "0", "--dynamodb-port", "0"]
    with started(command, folder / "log", "Ctrl-C", SMTP_URL=smtp_url, **variables) as printed:
        yield re.search(r"^Latchkey +(\S+)", printed, re.MULTILINE)[1]


def register(url, address):
    assert requests.post(f"{url}/register", json={"email": address, "password": PASSWORD}).status_code == 201


def ask(url, address):
    assert requests.post(f"{url}/forgot-password", json={"email": address}).status_code == 202


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_a_mail_arrives_as_mail_programs_read_it(tmp_path, port):
    handler = Handler()
    variables = {"UI_LANGUAGE": "de", "SERVICE_NAME": "Brücke & Söhne", "MAIL_FROM": "no-reply@example.com"}
    options = {"authenticator": authenticate, "auth_required": True, "auth_require_tls": False}
    smtp_url = f"smtp://latchkey:p%40ss%20word@127.0.0.1:{port}"
    with listening(handler, port, **options), service(tmp_path, smtp_url, **variables) as url:
        register(url, "johndoe@example.com")
        ask(url, "johndoe@example.com")
        authenticated, to, mail = handler.mail()
        assert authenticated
        assert to == ["johndoe@example.com"]
        sender = mail["From"].addresses[0]
        assert (sender.display_name, sender.addr_spec) == ("Brücke & Söhne", "no-reply@example.com")
        assert mail["Subject"] == "Wählen Sie ein neues Passwort für Brücke & Söhne"
        assert mail["Message-ID"] == f"<{mail['X-Latchkey-Mail']}@example.com>"
        assert not mail.defects
        text, html = (mail.get_body([kind]).get_content() for kind in ("plain", "html"))
        link = re.search(rf"{re.escape(url)}/reset-password\?token=(\S+)", text)
        assert f'href="{link[0]}"' in html
        body = {"token": link[1], "password": "another horse battery"}
        assert requests.post(f"{url}/reset-password", json=body).status_code == 204
        assert handler.mail()[2]["Subject"] == "Ihr Passwort bei Brücke & Söhne wurde geändert"


def test_a_server_that_is_down_gets_the_mails_once_it_is_up(tmp_path, port):
    handler = Handler()
    with service(tmp_path, f"smtp://127.0.0.1:{port}") as url:
        for address in ("one@example.com", "two@example.com"):
            register(url, address)
            ask(url, address)
        with listening(handler, port):
            assert [handler.mail()[1] for _ in range(2)] == [["one@example.com"], ["two@example.com"]]


def test_a_mail_that_is_rejected_does_not_keep_those_behind_it(tmp_path, port):
    handler = Handler()
    with listening(handler, port), service(tmp_path, f"smtp://127.0.0.1:{port}") as url:
        for address in ("rejected@example.com", "johndoe@example.com"):
            register(url, address)
            ask(url, address)
        assert handler.mail()[1] == ["johndoe@example.com"]
        assert "MailRejected" in (tmp_path / "log").read_text()


def test_an_address_outside_ascii_arrives_by_smtputf8(tmp_path, port):
    handler = Handler()
    with listening(handler, port, enable_SMTPUTF8=True), service(tmp_path, f"smtp://127.0.0.1:{port}") as url:
        register(url, "jürgen@bücher.example")
        ask(url, "jürgen@bücher.example")
        _, envelope = handler.mails.get(timeout=30)
        assert envelope.rcpt_tos == ["jürgen@bücher.example"]
        assert "To: jürgen@bücher.example\r\n".encode() in envelope.original_content


def test_a_url_that_names_no_server_is_a_message(tmp_path):
    programs = os.environ.get("LATCHKEY_PROGRAMS")
    if not programs:
        pytest.skip("the service is not this suite's own")
    with pytest.raises(AssertionError, match="error: SMTP_URL: must be smtp://"), service(tmp_path, "http://user:secret@a.example"):
        pass
    assert "secret" not in (tmp_path / "log").read_text()
