"""Mail: an address that is proved and a password that is recovered, through the table's stream, the mailer and SES.

The stack has `RequireVerifiedEmail=true` by now. The emulator shows what SES was given; on AWS only a mailbox does.
"""

import json
import os
import re
import time
import urllib.parse

import boto3
import pytest
import requests

from stack import PASSWORD, resources

ADDRESS, NEW_PASSWORD = "mia@example.com", "another horse battery"


class Mailbox:
    """What SES was given for an address, the oldest first."""

    def __init__(self):
        self.seen = {}

    def messages(self, address):
        every = requests.get(f"{os.environ['AWS_ENDPOINT_URL']}/_ministack/ses/messages", timeout=30).json()["messages"]
        return [one for account in every.values() for one in account if one["To"] == [address]]

    def next(self, address):
        """Waits for the next mail to an address. The emulator looks at the stream once a second."""
        seen = self.seen.get(address, 0)
        deadline = time.monotonic() + 30
        while len(found := self.messages(address)) <= seen:
            assert time.monotonic() < deadline, f"no mail to {address} came: {found}"
            time.sleep(0.2)
        self.seen[address] = seen + 1
        return found[seen]


def token_in(mail, page):
    """Returns the token of the mail's one link to a page, which its text and its HTML have."""
    link = rf"{re.escape(os.environ['AWS_ENDPOINT_URL'])}/{page}\?token=([A-Za-z0-9_-]{{43}})"
    tokens = set(re.findall(link, mail["BodyText"])), set(re.findall(link, mail["BodyHtml"]))
    assert tokens[0] == tokens[1] and len(tokens[0]) == 1, mail
    return tokens[0].pop()


@pytest.fixture(scope="module")
def mailbox():
    # On AWS the domain's owner proves it by DNS; the emulator believes.
    boto3.client("sesv2").create_email_identity(EmailIdentity=os.environ["DOMAIN"])
    return Mailbox()


@pytest.fixture(scope="module")
def mailed(api, mailbox, cache):
    """A user whose address is claimed, and the token of the first mail."""
    response = api.register("mia", email=ADDRESS)
    assert (response.status_code, response.json()["email_verified"]) == (201, False)
    token = token_in(mailbox.next(ADDRESS), "verify-email")
    cache.set("latchkey/mailed", [token])
    return token


def log_in(api, username, password):
    return api.request("POST", "/token", data={"username": username, "password": password}).status_code


def test_a_claimed_address_logs_no_one_in(api, mailed):
    assert log_in(api, ADDRESS, PASSWORD) == 401
    assert log_in(api, "mia", PASSWORD) == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_scanner_that_fetches_a_link_spends_nothing(api, mailed, method):
    for _ in range(3):
        response = api.request(method, "/verify-email", params={"token": mailed})
        assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert response.headers["referrer-policy"] == "no-referrer"
        assert bool(response.text) == (method == "GET")


def test_a_token_alone_proves_nothing(api, mailed):
    assert api.request("POST", "/verify", json={"token": mailed}).status_code == 401


def test_the_form_of_the_link_proves_the_address_once(api, mailed):
    form = {"token": mailed, "password": PASSWORD}
    response = api.request("POST", "/verify-email", data=form)
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert log_in(api, ADDRESS, PASSWORD) == 200
    response = api.request("POST", "/verify", json=form)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "token")


def test_a_forgotten_password_is_recovered_by_a_link_that_works_once(api, mailbox, cache):
    known = api.request("POST", "/forgot-password", json={"email": ADDRESS})
    unknown = api.request("POST", "/forgot-password", json={"email": "nobody@example.com"})
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text) == (202, "null")
    token = token_in(mailbox.next(ADDRESS), "reset-password")
    cache.set("latchkey/mailed", [*cache.get("latchkey/mailed", []), token])
    reset = {"token": token, "password": NEW_PASSWORD}
    assert api.request("POST", "/reset-password", json=reset).status_code == 204
    assert (log_in(api, ADDRESS, PASSWORD), log_in(api, ADDRESS, NEW_PASSWORD)) == (401, 200)
    assert api.request("POST", "/reset-password", json=reset).status_code == 400
    # Mails are sent in their order, so by now one to the other address would have come.
    assert mailbox.messages("nobody@example.com") == []


def test_a_mail_that_ses_refuses_is_logged_as_its_alarm_counts_it(api, mailbox):
    boto3.client("sesv2").delete_email_identity(EmailIdentity=os.environ["DOMAIN"])
    assert api.request("POST", "/forgot-password", json={"email": ADDRESS}).status_code == 202
    (mailer,) = [name for name in resources("AWS::Lambda::Function") if "MailerFunction" in name]
    group = boto3.client("lambda").get_function_configuration(FunctionName=mailer)["LoggingConfig"]["LogGroup"]
    deadline, rejected = time.monotonic() + 30, []
    while not rejected:
        assert time.monotonic() < deadline, "no line says that a mail was rejected"
        pages = boto3.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
        lines = [event["message"] for page in pages for event in page["events"] if event["message"].startswith("{")]
        rejected = [line for line in map(json.loads, lines) if line.get("event") == "MailRejected"]
        time.sleep(0.2)
    assert [(line["level"], line["code"]) for line in rejected] == [("ERROR", "MessageRejected")]
    assert ADDRESS not in str(rejected)
    boto3.client("sesv2").create_email_identity(EmailIdentity=os.environ["DOMAIN"])


def test_a_mail_that_was_sent_or_rejected_leaves_the_outbox(outputs):
    # The last ones may still be on their way.
    deadline = time.monotonic() + 30
    pages = boto3.client("dynamodb").get_paginator("scan")
    left = None
    while left != [] and time.monotonic() < deadline:
        items = [item for page in pages.paginate(TableName=outputs["TableName"], ConsistentRead=True) for item in page["Items"]]
        left = [item["pk"]["S"] for item in items if item["pk"]["S"].startswith("mail#")]
    assert left == []


def test_no_mail_was_given_up():
    (queue,) = resources("AWS::SQS::Queue")
    counted = boto3.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"])
    assert counted["Attributes"]["ApproximateNumberOfMessages"] == "0"


def test_the_table_has_no_token_that_was_mailed_and_nothing_but_the_mailer_knows_the_key(outputs, mailed, cache):
    pages = boto3.client("dynamodb").get_paginator("scan").paginate(TableName=outputs["TableName"])
    stored = str([page["Items"] for page in pages])
    assert "mail-token#" in stored
    assert not [token for token in cache.get("latchkey/mailed", []) if token in stored]
    lambdas = boto3.client("lambda")
    settings = {name: json.dumps(lambdas.get_function_configuration(FunctionName=name)["Environment"]) for name in resources("AWS::Lambda::Function")}
    assert [name for name, one in settings.items() if "mail-key" in one] == [name for name in settings if "MailerFunction" in name]
