"""Every operation the Hub must refuse, by the Python client (`py`), the command line (`hf`) or curl: what each shows."""

import json
import os
import subprocess

from common import ADMIN, CLIENT, NARROW, ONE, OUTSIDER, READ_ONLY, READER, SCRATCH, URL, WRONG
from common import complaint, denied, finish, hf
from huggingface_hub import HfApi, HfFileSystem, Volume

OPEN, CLOSED, OF_ONE, APP = "acme/open", "acme/closed", "acme/of-one", "acme/app"
SPEC = {"image": "python:3.12", "command": ["true"]}
FILE = SCRATCH / "denied.txt"


def api(token):
    return HfApi(endpoint=URL, token=token)


def add(token, bucket):
    return lambda: api(token).batch_bucket_files(bucket, add=[(os.urandom(20), "x.txt")])


def cat(token, path):
    return lambda: HfFileSystem(endpoint=URL, token=token).cat(path)


def private_volume():
    volume = Volume(type="bucket", source=CLOSED, mount_path="/d", read_only=True)
    api(OUTSIDER).run_job(**SPEC, namespace="outsider", volumes=[volume])


PYTHON = {
    "unknown token: whoami": lambda: api(WRONG).whoami(),
    "no token: info of a private bucket": lambda: api(False).bucket_info(CLOSED),
    "outsider: info of a private bucket": lambda: api(OUTSIDER).bucket_info(CLOSED),
    "outsider: read of a private file": lambda: api(OUTSIDER).download_bucket_files(CLOSED, files=[("a.txt", str(FILE))]),
    "outsider: private bucket in a job": private_volume,
    "reader: create a bucket": lambda: api(READER).create_bucket("acme/r"),
    "reader: write": add(READER, OPEN),
    "contributor: write to another's bucket": add(ONE, OPEN),
    "contributor: delete another's bucket": lambda: api(ONE).delete_bucket(OPEN),
    "contributor: settings of another's bucket": lambda: api(ONE).update_bucket_settings(OPEN, private=True),
    "contributor: move another's bucket": lambda: api(ONE).move_bucket(OPEN, "participant-1/mine"),
    "read token: write": add(READ_ONLY, OPEN),
    "fine-grained token: write outside its scopes": add(NARROW, OPEN),
    "fine-grained token: read outside its scopes": lambda: api(NARROW).bucket_info(CLOSED),
    "contributor: run a job": lambda: api(ONE).run_job(**SPEC, namespace="acme"),
    "contributor: list jobs": lambda: list(api(ONE).list_jobs(namespace="acme")),
    "no credits: run a job": lambda: api(ADMIN).run_job(**SPEC, namespace="poor"),
    "outsider: upload to a Space": lambda: api(OUTSIDER).upload_file(repo_id=APP, repo_type="space", path_in_repo="x", path_or_fileobj=b"x"),
    "contributor: set a Space secret": lambda: api(ONE).add_space_secret(APP, "A", "b"),
    "contributor: logs of a Space": lambda: list(api(ONE).fetch_space_logs(APP)),
    "contributor: restart a Space": lambda: api(ONE).restart_space(APP),
    "no plan: create a Docker Space": lambda: api(ADMIN).create_repo("poor/x", repo_type="space", space_sdk="docker"),
    "no credits: hardware of a Space": lambda: api(ADMIN).request_space_hardware("poor/page", "cpu-upgrade"),
}


def cp(token, bucket):
    return lambda: hf("buckets", "cp", FILE, f"hf://buckets/{bucket}/x.txt", token=token)


def run_job(token, namespace, *more):
    return lambda: hf("jobs", "run", "--namespace", namespace, *more, "python:3.12", "true", token=token)


COMMAND_LINE = {
    "unknown token: whoami": lambda: hf("auth", "whoami", token=WRONG),
    "outsider: info of a private bucket": lambda: hf("buckets", "info", CLOSED, token=OUTSIDER),
    "outsider: read of a private file": lambda: hf("buckets", "cp", f"hf://buckets/{CLOSED}/a.txt", FILE, token=OUTSIDER),
    "outsider: private bucket in a job": run_job(OUTSIDER, "outsider", "-v", f"hf://buckets/{CLOSED}:/d:ro"),
    "reader: create a bucket": lambda: hf("buckets", "create", "acme/r", token=READER),
    "reader: write": cp(READER, OPEN),
    "contributor: write to another's bucket": cp(ONE, OPEN),
    "contributor: delete another's bucket": lambda: hf("buckets", "delete", OPEN, "--yes", token=ONE),
    "contributor: settings of another's bucket": lambda: hf("buckets", "settings", OPEN, "--private", token=ONE),
    "contributor: move another's bucket": lambda: hf("buckets", "move", OPEN, "participant-1/mine", token=ONE),
    "read token: write": cp(READ_ONLY, OPEN),
    "fine-grained token: write outside its scopes": cp(NARROW, OPEN),
    "fine-grained token: read outside its scopes": lambda: hf("buckets", "info", CLOSED, token=NARROW),
    "contributor: run a job": run_job(ONE, "acme"),
    "contributor: list jobs": lambda: hf("jobs", "ps", "--namespace", "acme", token=ONE),
    "no credits: run a job": run_job(ADMIN, "poor"),
    "outsider: upload to a Space": lambda: hf("upload", APP, FILE, "x", "--type", "space", token=OUTSIDER),
    "contributor: set a Space secret": lambda: hf("spaces", "secrets", "add", APP, "-s", "A=b", token=ONE),
    "contributor: logs of a Space": lambda: hf("spaces", "logs", APP, token=ONE),
    "contributor: restart a Space": lambda: hf("spaces", "restart", APP, token=ONE),
    "no plan: create a Docker Space": lambda: hf("repos", "create", "poor/x", "--type", "space", "--space-sdk", "docker"),
    "no credits: hardware of a Space": lambda: hf("spaces", "settings", "poor/page", "--hardware", "cpu-upgrade"),
}


def curl(token, method, path, body=None):
    def work():
        command = ["curl", "-sS", "--fail-with-body", "-X", method, f"{URL}{path}", "-w", " HTTP %{http_code}"]
        if token:
            command += ["-H", f"Authorization: Bearer {token}"]
        if body is not None:
            command += ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise RuntimeError(done.stdout or complaint(done))

    return work


CURL = {
    "unknown token: whoami": curl(WRONG, "GET", "/api/whoami-v2"),
    "no token: info of a private bucket": curl(None, "GET", f"/api/buckets/{CLOSED}"),
    "outsider: info of a private bucket": curl(OUTSIDER, "GET", f"/api/buckets/{CLOSED}"),
    "outsider: read of a private file": curl(OUTSIDER, "GET", f"/buckets/{CLOSED}/resolve/a.txt"),
    "reader: create a bucket": curl(READER, "POST", "/api/buckets/acme/r", {}),
    "reader: write": curl(READER, "GET", f"/api/buckets/{OPEN}/xet-write-token"),
    "contributor: write to another's bucket": curl(ONE, "POST", f"/api/buckets/{OPEN}/batch", {"type": "addFile", "path": "x", "xetHash": "0" * 64}),
    "contributor: delete another's bucket": curl(ONE, "DELETE", f"/api/buckets/{OPEN}"),
    "contributor: settings of another's bucket": curl(ONE, "PUT", f"/api/buckets/{OPEN}/settings", {"private": True}),
    "fine-grained token: read outside its scopes": curl(NARROW, "GET", f"/buckets/{CLOSED}/resolve/a.txt"),
    "contributor: change a member's role": curl(ONE, "PUT", "/api/organizations/acme/members/reader/role", {"role": "admin"}),
    "contributor: set a Space secret": curl(ONE, "POST", f"/api/spaces/{APP}/secrets", {"key": "A", "value": "b"}),
}
SAYS = {"unknown token": ("401", "Invalid user token"), "no token": ("401", "404", "not found", "Not Found")}


def in_child(work):
    """In a process of its own: hf_xet answers every upload after a refusal with that first refusal."""

    def run():
        reader, writer = os.pipe()
        if os.fork() == 0:
            try:
                work()
                text = ""
            except Exception as error:
                text = f"{type(error).__name__}: {error}"
            os.write(writer, text.encode())
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as stream:
            text = stream.read()
        os.wait()
        if text:
            raise RuntimeError(text)

    return run


FILE.write_text("denied")
for operation, work in {"py": PYTHON, "hf": COMMAND_LINE, "cu": CURL}[CLIENT[:2]].items():
    who = operation.split(":")[0]
    says = SAYS.get(who) or (("402",) if who in ("no plan", "no credits") else ("403", "404", "not found", "Not Found"))
    denied(operation, in_child(work) if CLIENT.startswith("py") else work, *says)
finish()
