"""Plays requests through the metric filters of the access log and through the alarms, as CloudWatch documents both."""

import fnmatch
import functools
import json
import re

from cloudformation import resource_name


def first_alarms(stack, minutes):
    """Returns the minute, from 1, at whose end each alarm goes off first. `minutes` has the number of requests of each (route key,
    status) in each minute."""
    metrics = counted(stack, minutes)
    return {name: at for name, alarm in stack.of_type("AWS::CloudWatch::Alarm").items() if (at := goes_off(alarm, metrics, len(minutes)))}


def counted(stack, minutes):
    """Returns sum and number of values of each metric in each minute that has any, by namespace and name."""
    log = stack.resources["Stage"]["Properties"]["AccessLogSettings"]
    filters = [one for one in stack.of_type("AWS::Logs::MetricFilter").values()
               if resource_name(one["LogGroupName"]) == resource_name(log["DestinationArn"])]

    @functools.cache
    def values(route, status):
        known = {"$context.routeKey": route, "$context.status": status}
        line = {field: known.get(variable, "-") for field, variable in json.loads(log["Format"]).items()}
        metrics = [metric for one in filters if matches(one["FilterPattern"], line) for metric in one["MetricTransformations"]]
        from_log = [((metric["MetricNamespace"], metric["MetricName"]), float(metric["MetricValue"])) for metric in metrics]
        return [(("AWS/ApiGateway", "5xx"), status.startswith("5")), *from_log]

    found = {}
    for minute, requests in enumerate(minutes):
        for (route, status), number in requests.items():
            for metric, value in values(route, status):
                total, count = found.setdefault(metric, {}).get(minute, (0, 0))
                found[metric][minute] = total + value * number, count + number
    return found


def matches(pattern, line):
    """Decides comparisons with text, in which an asterisk stands for anything, and what `&&`, `||` and brackets make of them."""
    def compare(found):
        return str(fnmatch.fnmatchcase(line[found[1]], found[3]) == (found[2] == "="))

    decided = re.sub(r'\$\.(\w+) (!?=) "([^"]*)"', compare, pattern.strip()[1:-1])
    return eval(decided.replace("&&", "and").replace("||", "or"))


def goes_off(alarm, metrics, minutes):
    queries = metrics_of(alarm)
    expression = next((one["Expression"] for one in queries if "Expression" in one), "value")
    stats = {one["Id"]: one["MetricStat"] for one in queries if "MetricStat" in one}
    width = next(iter(stats.values()))["Period"] // 60
    breaching = []
    for end in range(width, minutes + 1, width):
        values = {name: statistic(stat, metrics, range(end - width, end)) for name, stat in stats.items()}
        breaching.append((value := computed(expression, values)) is not None and value > alarm["Threshold"])
        periods = alarm["EvaluationPeriods"]
        if sum(breaching[-periods:]) >= alarm.get("DatapointsToAlarm", periods):
            return end
    return None


def metrics_of(alarm):
    """Returns the metrics and expressions of an alarm, also of one that has its metric as properties."""
    if "Metrics" in alarm:
        return alarm["Metrics"]
    stat = alarm.get("Statistic", alarm.get("ExtendedStatistic"))
    metric = {key: alarm[key] for key in ("Namespace", "MetricName", "Dimensions") if key in alarm}
    return [{"Id": "value", "MetricStat": {"Metric": metric, "Period": alarm["Period"], "Stat": stat}}]


def name_of(metric):
    """Returns namespace and name of a metric, and of one that functions write the function."""
    functions = [resource_name(one["Value"]) for one in metric.get("Dimensions", []) if one["Name"] == "function_name"]
    return metric["Namespace"], metric["MetricName"], *functions


def statistic(stat, metrics, minutes):
    values = metrics.get(name_of(stat["Metric"]), {})
    total, number = (sum(parts) for parts in zip((0, 0), *(values[minute] for minute in minutes if minute in values)))
    return (total / number if stat["Stat"] == "Average" else total) if number else None


def computed(expression, values):
    """Returns one data point of a metric math expression. A missing value counts as 0 where another is there, and all else is missing."""
    if all(value is None for value in values.values()) and "FILL" not in expression:
        return None
    try:
        given = {name: value or 0 for name, value in values.items()}
        return eval(expression, {"FILL": lambda value, other: value}, given)
    except ZeroDivisionError:
        return None
