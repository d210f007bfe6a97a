"""Makes a folder as `sam build` leaves one, with this machine's binaries in place of cross-built ones.

    python .ci/deployed_tests/build.py BINARIES FOLDER ENDPOINT

Four things are changed for the emulator: the functions' endpoints; that each route with {proxy+} has one with an empty rest beside it,
which the emulator wants and AWS refuses; that an alarm by metric math, which the emulator refuses, watches the first of its metrics; and that
the types that it does not know are left out.
"""

import copy
import json
import pathlib
import shutil
import sys

from samtranslator.yaml_helper import yaml_parse

UNKNOWN = {"AWS::SecretsManager::ResourcePolicy"}

binaries, folder, endpoint = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
template = yaml_parse((pathlib.Path(__file__).resolve().parents[2] / "template.yaml").read_text())
unknown = [name for name, resource in template["Resources"].items() if resource["Type"] in UNKNOWN]
for name in unknown:
    del template["Resources"][name]
for name, resource in list(template["Resources"].items()):
    if isinstance(resource.get("DependsOn"), list):
        resource["DependsOn"] = [awaited for awaited in resource["DependsOn"] if awaited not in unknown]
    properties = resource.get("Properties", {})
    if resource["Type"] == "AWS::ApiGatewayV2::Route" and "{proxy+}" in properties["RouteKey"]:
        beside = copy.deepcopy(resource)
        beside["Properties"]["RouteKey"] = properties["RouteKey"].replace("{proxy+}", "")
        template["Resources"][f"{name}Empty"] = beside
    if resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in properties:
        first = next(one["MetricStat"] for one in properties.pop("Metrics") if "MetricStat" in one)
        properties |= first["Metric"] | {"Period": first["Period"], "Statistic": first["Stat"]}
    if resource["Type"] == "AWS::Serverless::Function":
        binary = binaries / resource.pop("Metadata")["BuildProperties"]["Binary"]
        if not binary.is_file():
            sys.exit(f"{binary} is missing: .ci/run builds it (cargo build --release --locked --package {binary.name})")
        (folder / name).mkdir(parents=True)
        shutil.copy(binary, folder / name / "bootstrap")
        properties["CodeUri"] = name
        variables = properties.get("Environment", {}).get("Variables", {})
        variables |= {key: endpoint for key in variables if key.startswith("AWS_ENDPOINT_URL_")}
(folder / "template.json").write_text(json.dumps(template, indent=1))
print(f"{len(list(folder.iterdir())) - 1} functions; left out: {', '.join(unknown)}")
