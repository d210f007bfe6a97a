"""`latchkey` beside `cargo dev`, as they are built: it finds keys and log in the folder of the data."""

import re
import subprocess

import requests
from conftest import started


def test_a_service_is_healthy_and_a_refused_log_in_is_explained_by_its_id(programs, tmp_path, fresh_user):
    data = ["--data-dir", tmp_path / "data"]
    command = [programs / "local", "--port", "0", "--dynamodb-port", "0", *data]
    with started(command, tmp_path / "log", "Ctrl-C") as printed:
        url, dynamodb = re.findall(r"^(?:Latchkey|DynamoDB) +(\S+)", printed, re.MULTILINE)

        def latchkey(*arguments):
            command = [programs / "latchkey", *arguments, *data, "--endpoint", dynamodb]
            return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout

        assert "wrong " not in latchkey("doctor", "--url", url)
        wrong = {**fresh_user(url), "password": "wrong"}
        refused = requests.post(f"{url}/token", data=wrong, timeout=10)
        assert refused.status_code == 401
        explained = latchkey("explain", refused.headers["apigw-requestid"])
        assert re.search(r"The password of the user \w+ was wrong", explained), explained
