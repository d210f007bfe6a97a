"""The operator's command line on the stack, by the real AWS CLI where it calls that."""

import json
import os

import boto3

from stack import PASSWORD, kid_of, latchkey

def objects(*arguments):
    return [json.loads(line) for line in latchkey(*arguments, "--output", "json").splitlines()]


def test_a_user_who_was_created_is_listed_and_logs_in(api):
    user = latchkey("user", "create", "--username", "operated", "--password-stdin", input=PASSWORD).strip()
    assert user in [shown["id"] for shown in objects("user", "list")]
    token = api.log_in("operated").json()["access_token"]
    assert api.me(token).json()["id"] == user
    latchkey("user", "logout", "operated")
    assert api.me(token).status_code == 401
    exported = [json.loads(line) for line in latchkey("export").splitlines()]
    (own,) = [row for row in exported if row["id"] == user]
    assert "there already: 1" in latchkey("import", "-", input=json.dumps(own))
    latchkey("user", "delete", user, "--yes")


def test_the_keys_are_those_of_the_secret(rotation, cache):
    shown = objects("keys", "show")
    assert {key["id"] for key in shown} == rotation.kids()
    (signs,) = [key["id"] for key in shown if key["state"] == "signs"]
    assert signs == kid_of(cache.get("latchkey/token", None))


def test_doctor_finds_what_is_wrong_and_an_alarm_that_fires():
    report = latchkey("doctor", code=1)
    states = {line[12:25].strip(): line[:12].strip() for line in report.splitlines() if line[0] != " "}
    # The emulator rotates nothing by itself.
    assert states.pop("secret") == "wrong" and "its rotation is off" in report, report
    assert states.pop("ring") == "not checked"
    # The emulator's API has a host name that only its own clients resolve.
    for subject in ("discovery", "clock", "issuer", "JWK Set"):
        states.pop(subject, None)
    assert set(states.values()) == {"ok"} and "alarms" in states, report
    alarms = boto3.client("cloudwatch")
    (alarm, *_) = [
        alarm["AlarmName"]
        for page in alarms.get_paginator("describe_alarms").paginate()
        for alarm in page["MetricAlarms"]
        if alarm["AlarmName"].startswith(f"{os.environ['STACK']}-")
    ]
    alarms.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="a test")
    assert f"{alarm} fire" in latchkey("doctor", code=1)
    alarms.set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="a test")


def test_a_refused_log_in_is_explained(api):
    response = api.request("POST", "/token", data={"username": "early", "password": "wrong"})
    request_id = response.headers["apigw-requestid"]
    assert "log-in failed" in latchkey("explain", request_id)
