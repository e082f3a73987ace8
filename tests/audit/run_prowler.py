"""Prowler's own checks, against an account that is served.

For each line on standard input (JSON: the environment that points at the account): the checks named as arguments are
run in a process of their own, as Prowler's are, and what each comes to is printed as JSON. Prowler's packages are
loaded once. Its AWS provider and checks are what is used; its command line would load those of every other cloud.
"""

import importlib
import json
import os
import sys
import traceback

from prowler.providers.aws.aws_provider import AwsProvider
from prowler.providers.common.models import Audit_Metadata


def run(checks):
    provider = AwsProvider(regions={"us-east-1"})
    provider.audit_metadata = Audit_Metadata(
        services_scanned=0, expected_checks=checks, completed_checks=0, audit_progress=0
    )
    verdicts = {}
    for name in checks:
        module = importlib.import_module(f"prowler.providers.aws.services.{name.split('_')[0]}.{name}.{name}")
        try:
            statuses = {finding.status for finding in getattr(module, name)().execute()}
        except Exception:
            # Prowler logs that and goes on without a finding.
            statuses = {"ERROR"}
        # One finding that fails is a failure.
        verdicts[name] = next((one for one in ["ERROR", "FAIL", "MANUAL", "PASS"] if one in statuses), "NOTHING")
    return verdicts


for line in sys.stdin:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        os.environ.update(json.loads(line))
        errors = sys.stderr
        # What Prowler logs goes nowhere.
        sys.stdout = sys.stderr = open(os.devnull, "w")
        try:
            with os.fdopen(write, "w") as told:
                json.dump(run(sys.argv[1:]), told)
        except BaseException:
            traceback.print_exc(file=errors)
            errors.flush()
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as told:
        print(told.read(), flush=True)
    os.waitpid(child, 0)
