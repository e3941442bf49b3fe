"""What an audit found, as literal facts for checks that ask it."""

from lab.audit.report import Finding
from lab.course._audited import Audited
from lab.model.platforms import Platform
from lab.model.steps import Problem

PAIR = ("linux/amd64", "linux/arm64")
HORN = "/usr/bin/horn"


def judged(*errors, digest="sha256:1", platforms=PAIR):
    return Audited(
        reference="localhost:5000/any:2",
        digest=digest,
        platforms=frozenset(map(Platform.parse, platforms)),
        errors=tuple(errors),
    )


def finding(rule, text="{found}", platform="linux/arm64", found="/lib/ld-linux-aarch64.so.1", path=HORN):
    return Finding(rule, "error", platform, Problem(text, found=found), (path,))
