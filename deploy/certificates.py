"""Keys for buildkitd.yaml: `python3 certificates.py FOLDER NAME…` makes FOLDER/server and FOLDER/client.

An authority of its own, whose key nobody keeps; a server of those names; a client for all learners. The files are for
BuildKit, and for `docker buildx create --driver remote --driver-opt cacert=…,cert=…,key=…`.
"""

import sys
from pathlib import Path

import trustme


def make(folder: str, names: list[str]) -> None:
    """Two folders, each with ca.pem, cert.pem and key.pem, for their owner alone."""
    authority = trustme.CA(organization_name="multiplatform-lab")
    for kind, of in (("server", names), ("client", ["learner"])):
        place = Path(folder) / kind
        place.mkdir(mode=0o700, parents=True)
        pair = authority.issue_cert(*of)
        authority.cert_pem.write_to_path(place / "ca.pem")
        pair.cert_chain_pems[0].write_to_path(place / "cert.pem")
        (place / "key.pem").touch(mode=0o600)
        pair.private_key_pem.write_to_path(place / "key.pem")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: certificates.py FOLDER NAME…")
    try:
        make(sys.argv[1], sys.argv[2:])
    except (OSError, ValueError) as error:
        sys.exit(f"No keys were made: {error}.")
