"""The alarms: what sets them off, what does not, and whom they notify."""

import re
from collections import Counter

import pytest
import tomlkit
from alarms import first_alarms, goes_off, metrics_of, name_of
from cloudformation import MAIL, ROOT, Stack, resource_name

broken_by = pytest.mark.broken_by

ALARM = "Resources.ErrorRateAlarm.Properties"
DAY, MONTH = 24 * 60, 30 * 24 * 60


def documented_load(users):
    """Returns the requests a minute of each route at the load of docs/load.md."""
    traffic = {name: one["value"] for name, one in assumptions()["traffic"].items()}
    return {
        "POST /token": users * (traffic["log_ins"] + traffic["refreshes"]) / MONTH,
        "GET /.well-known/jwks.json": traffic["key_set_fetches"] / MONTH,
        "GET /users/me": users * traffic["reads"] / MONTH,
        "POST /register": users * traffic["new_users"] / MONTH,
    }


def assumptions():
    return tomlkit.parse((ROOT / "dev/capacity/assumptions.toml").read_text()).unwrap()


def played(load, minutes, broken=None):
    """Returns evenly spaced requests, of which those of one route get 503."""
    return [Counter({
        (route, "503" if route == broken else "200"): number
        for route, rate in load.items() if (number := int((minute + 1) * rate) - int(minute * rate))
    }) for minute in range(minutes)]


def duration(minutes):
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.0f} h"


@broken_by("lacks", "Resources.TokenErrorsAlarm")
@broken_by("nothing sees .*jwks.json", "Resources.FailedDiscoveryRequests.Properties.FilterPattern", '{ $.status = "503 " }')
@broken_by("lacks", "Resources.TokenErrorsAlarm.Properties.DatapointsToAlarm", 4)
@broken_by("nothing sees .*register", "Resources.RegistrationErrorsAlarm.Properties.Metrics.0.Expression", "failed / requests")
def test_each_total_outage_sets_off_the_alarm_that_the_docs_say_in_the_time_that_they_say(template):
    stack, users = Stack(template, {}), assumptions()["shown"]["active_users"]
    rows = [f"| no response but 503 of | {' | '.join(f'{number:,} users' for number in users)} |", "|---|" + "---|" * len(users)]
    for route in documented_load(0):
        cells = []
        for number in users:
            load = documented_load(number)
            alarms = first_alarms(stack, played(load, 2 * DAY if load[route] < 0.1 else 60, route))
            assert alarms, f"nothing sees a total outage of {route} at {number} users"
            name = min(alarms, key=alarms.get)
            cells.append(f"{name}, {duration(alarms[name])}")
        rows.append(f"| `{route}` | {' | '.join(cells)} |")
    table = "\n".join(rows)
    assert table in (ROOT / "docs/alarms.md").read_text(), f"docs/alarms.md lacks this table:\n{table}"


@broken_by("TokenErrorsAlarm", "Resources.TokenErrorsAlarm.Properties.DatapointsToAlarm", 1)
@broken_by("ErrorRateAlarm", "Resources.ErrorRateAlarm.Properties.DatapointsToAlarm", 1)
def test_one_failed_request_in_a_quiet_night_sets_off_nothing(template):
    stack = Stack(template, {})
    for route in documented_load(0):
        night = played(dict.fromkeys(documented_load(0), 0.05), DAY // 3)
        night[200] = Counter({(route, "503"): 1})
        assert not first_alarms(stack, night), f"one 503 of {route} sets off {first_alarms(stack, night)}"


def events(alarm, minutes, **rates):
    """Returns the minute at whose end an alarm goes off first, at so many events a minute of each kind, evenly spaced."""
    functions = {"registrations": ("Throttled", "RegisterFunction")}
    names = {"failed": "LogInFailed", "throttled": "Throttled", "logged_in": "LoggedIn", "reused": "RefreshReused"}
    metrics = {
        ("Latchkey", *functions.get(kind, (names.get(kind), "TokenFunction"))):
            {minute: (number, number) for minute in range(minutes) if (number := int((minute + 1) * rate) - int(minute * rate))}
        for kind, rate in rates.items()
    }
    return goes_off(alarm, metrics, minutes)


REFUSED, REUSED = "Resources.RefusedAttemptsAlarm.Properties", "Resources.RefreshReusedAlarm.Properties"


@broken_by("honest users", f"{REFUSED}.Metrics.0.Expression", "failed + throttled + registrations + 0 * logged_in")
@broken_by("guesses", f"{REFUSED}.Threshold", 1000)
@broken_by("throttled", f"{REFUSED}.Metrics.0.Expression", "failed + 0 * throttled + registrations - logged_in / 4")
@broken_by("lost responses", f"{REUSED}.Threshold", 0)
@broken_by("thief", f"{REUSED}.Threshold", 100)
def test_refused_attempts_and_reuse_set_off_their_alarms_and_documented_load_does_not(template):
    stack = Stack(template, {})
    refused, reused = (stack.resources[f"{name}Alarm"]["Properties"] for name in ("RefusedAttempts", "RefreshReused"))
    traffic = {name: one["value"] for name, one in assumptions()["traffic"].items()}
    for users in assumptions()["shown"]["active_users"]:
        rate = users * traffic["log_ins"] / MONTH
        # Every fifth log-in mistyped.
        assert not events(refused, DAY, logged_in=rate, failed=rate / 4), f"{users} honest users set off the alarm"
        most = 30 + rate / 4
        for kind in ("failed", "throttled", "registrations"):
            assert events(refused, 60, **{kind: most, "logged_in": rate}) == 5, f"{most} guesses a minute, {kind}, are not seen"
        # One response in 100,000 is lost for longer than the window.
        lost = users * traffic["refreshes"] / MONTH / 100_000
        assert not events(reused, 7 * DAY, reused=lost), f"lost responses of {users} users set off the alarm"
    assert events(reused, DAY, reused=0.2) == 60, "a thief of tokens is not seen"


@broken_by("notifies", f"{ALARM}.AlarmActions", AlarmEmail="ops@example.com")
@broken_by("notifies", f"{ALARM}.AlarmActions", [{"Ref": "AlarmTopic"}])
@broken_by("notifies", f"{ALARM}.OKActions", AlarmTopicArn="arn:aws:sns:eu-central-1:123456789012:on-call")
@broken_by("topics", "Resources.AlarmTopic.Condition")
@broken_by("subscribers", "Resources.AlarmSubscription", AlarmEmail="ops@example.com")
def test_each_alarm_notifies_the_topics_that_were_asked_for_of_begin_and_end(stack):
    email, other = stack.values["AlarmEmail"], stack.values["AlarmTopicArn"]
    topics = ["${%s}" % name for name in stack.of_type("AWS::SNS::Topic")]
    assert len(topics) == bool(email), f"the topics are {topics}"
    subscribers = [(one["TopicArn"], one["Endpoint"]) for one in stack.of_type("AWS::SNS::Subscription").values()]
    assert subscribers == [(topic, email) for topic in topics], f"the subscribers are {subscribers}"
    expected = topics + [other] * bool(other)
    for name, alarm in stack.of_type("AWS::CloudWatch::Alarm").items():
        for actions in ("AlarmActions", "OKActions"):
            assert alarm.get(actions) == expected, f"{name} notifies {alarm.get(actions)} by its {actions}"


@broken_by("more than twelve", "Resources", lambda resources: resources | {"Thirteenth": resources["RotationAlarm"]})
@broken_by("nothing counts", "Resources.OverdueRotation")
@broken_by("nothing counts", "Resources.RejectedMails", **MAIL)
@broken_by("PagesFunction", "Resources.MailThrottlesAlarm.Properties.Metrics.2.MetricStat.Metric.Dimensions.0.Value", "${MeFunction}", **MAIL)
@broken_by("nothing counts", "Resources.RefreshReusedAlarm.Properties.MetricName", "Reused")
@broken_by("nothing counts", "Resources.RefreshReusedAlarm.Properties.Dimensions.1.Value", "token")
@broken_by("more than ten metrics", "Resources.FunctionThrottlesAlarm.Properties.Metrics", lambda metrics: metrics + 3 * metrics[1:2])
@broken_by("looks back", "Resources.RotationAlarm.Properties.EvaluationPeriods", 24 * 30)
@broken_by("MeFunction", "Resources.FunctionThrottlesAlarm.Properties.Metrics.3.MetricStat.Metric.Dimensions.0.Value", "${RegisterFunction}")
@broken_by("does not calculate", "Resources.FunctionThrottlesAlarm.Properties.Metrics.0.Expression", "token + register + me")
@broken_by("DocsFunction", "Resources.FunctionThrottlesAlarm.Properties.Metrics.8.Fn::If.1.MetricStat.Metric.Dimensions.0.Value", "${MeFunction}")
def test_each_alarm_watches_what_exists_and_one_watches_the_throttles_of_every_function(stack):
    filters = stack.of_type("AWS::Logs::MetricFilter").values()
    counted = {(metric["MetricNamespace"], metric["MetricName"]) for one in filters for metric in one["MetricTransformations"]}
    # What the functions write themselves.
    names = re.search(r"METRICS: .*?\[(.*?)\];", (ROOT / "shared/src/events.rs").read_text(), re.DOTALL)[1]
    counted |= {("Latchkey", name, function) for name in re.findall(r"\w+", names) for function in stack.functions}
    throttled, alarms = set(), stack.of_type("AWS::CloudWatch::Alarm")
    assert len(alarms) <= (16 if stack.values["MailFrom"] else 12), f"{len(alarms)} alarms are more than twelve, with mail sixteen"
    for name, alarm in alarms.items():
        # A hard limit (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-limits.html).
        number = sum("MetricStat" in one for one in metrics_of(alarm))
        assert number <= 10, f"{name} has {number}, more than ten metrics"
        stats = {one["Id"]: one["MetricStat"] for one in metrics_of(alarm) if "MetricStat" in one}
        for expression in (one["Expression"] for one in metrics_of(alarm) if "Expression" in one):
            assert set(re.findall("[a-z_]+", expression)) == stats.keys(), f"{name} does not calculate with {stats.keys()}"
        for stat in stats.values():
            metric = name_of(stat["Metric"])
            assert metric[0].startswith("AWS/") or metric in counted, f"nothing counts what {name} watches"
            # CloudWatch rejects longer windows.
            window = stat["Period"] * alarm["EvaluationPeriods"]
            assert window <= (86400 if stat["Period"] < 3600 else 604800), f"{name} looks back further than CloudWatch does"
            if metric == ("AWS/Lambda", "Throttles"):
                throttled.add(resource_name(stat["Metric"]["Dimensions"][0]["Value"]))
    assert throttled == stack.functions.keys(), f"nothing watches the throttles of {stack.functions.keys() ^ throttled}"
