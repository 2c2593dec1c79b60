"""Every operation the Hub must refuse, by the Python client (`py`), the command line (`hf`) or curl: what each shows."""

import json
import os
import subprocess

from common import ADMIN, CLIENT, NARROW, ONE, OUTSIDER, READ_ONLY, READER, SCRATCH, URL, WRONG
from common import complaint, denied, finish, hf
from huggingface_hub import HfApi, HfFileSystem, Volume

OPEN, CLOSED, OF_ONE, APP = "acme/open", "acme/closed", "acme/of-one", "acme/app"
SPEC = {"image": "python:3.12", "command": ["true"]}
SPACE = {"repo_id": APP, "repo_type": "space"}
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
    "absent: pull request": lambda: api(ADMIN).upload_file(**SPACE, path_in_repo="x", path_or_fileobj=b"x", create_pr=True),
    "absent: branch": lambda: api(ADMIN).create_branch(**SPACE, branch="dev"),
    "absent: revision": lambda: api(ADMIN).space_info(APP, revision="v1"),
    "absent: history": lambda: api(ADMIN).list_repo_commits(**SPACE),
    "absent: copy of a Space": lambda: api(ADMIN).duplicate_repo(APP, "acme/again", repo_type="space"),
    "absent: dataset": lambda: api(ADMIN).create_repo("acme/data", repo_type="dataset"),
    "absent: file of a model": lambda: api(ADMIN).hf_hub_download("acme/model", "config.json"),
    "absent: list of models": lambda: list(api(ADMIN).list_models(author="acme")),
    "absent: exposed ports": lambda: api(ADMIN).run_job(**SPEC, namespace="acme", expose=[8000]),
    "absent: scheduled job": lambda: api(ADMIN).create_scheduled_job(**SPEC, namespace="acme", schedule="@daily"),
    "absent: metrics of a job": lambda: list(api(ADMIN).fetch_job_metrics(job_id="0" * 24, namespace="acme")),
    "absent: dataset in a job": lambda: api(ADMIN).run_job(**SPEC, namespace="acme", volumes=[Volume(type="dataset", source="a/b", mount_path="/d")]),
    "absent: collections": lambda: list(api(ADMIN).list_collections(owner="acme")),
    "absent: webhooks": lambda: api(ADMIN).list_webhooks(),
    "absent: discussions": lambda: list(api(ADMIN).get_repo_discussions(**SPACE)),
    "wrong: bucket that is not there, in a job": lambda: api(ADMIN).run_job(**SPEC, namespace="acme", volumes=[Volume(type="bucket", source="acme/none", mount_path="/d")]),
    "wrong: name of a variable": lambda: api(ADMIN).run_job(**SPEC, namespace="acme", env={"a": "1"}),
    "wrong: a file where a folder is": lambda: api(ADMIN).upload_file(**SPACE, path_in_repo="folder", path_or_fileobj=b"x"),
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
    "absent: pull request": lambda: hf("upload", APP, FILE, "x", "--type", "space", "--create-pr"),
    "absent: branch": lambda: hf("repos", "branch", "create", APP, "dev", "--type", "space"),
    "absent: revision": lambda: hf("download", APP, "--type", "space", "--revision", "v1"),
    "absent: copy of a Space": lambda: hf("repos", "duplicate", APP, "acme/again", "--type", "space"),
    "absent: dataset": lambda: hf("repos", "create", "acme/data", "--type", "dataset"),
    "absent: file of a model": lambda: hf("download", "acme/model", "config.json"),
    "absent: list of models": lambda: hf("models", "ls"),
    "absent: list of repositories": lambda: hf("repos", "ls"),
    "absent: exposed ports": run_job(ADMIN, "acme", "--expose", "8000"),
    "absent: SSH into a job": run_job(ADMIN, "acme", "--ssh"),
    "absent: resource group": run_job(ADMIN, "acme", "--resource-group-id", "g"),
    "absent: dataset in a job": run_job(ADMIN, "acme", "-v", "hf://datasets/a/b:/d"),
    "absent: scheduled job": lambda: hf("jobs", "scheduled", "ls", "--namespace", "acme"),
    "absent: collections": lambda: hf("collections", "ls"),
    "absent: webhooks": lambda: hf("webhooks", "ls"),
    "absent: discussions": lambda: hf("discussions", "ls", APP, "--type", "space"),
    "absent: dev mode": lambda: hf("spaces", "dev-mode", APP),
    "wrong: bucket that is not there, in a job": run_job(ADMIN, "acme", "-v", "hf://buckets/acme/none:/d"),
    "wrong: name of a variable": run_job(ADMIN, "acme", "-e", "a=1"),
    "wrong: a program that is not there": lambda: hf("jobs", "run", "--namespace", "acme", "python:3.12", "no-such-program"),
}


def curl(token, method, path, body=None):
    def work():
        command = ["curl", "-sS", "--fail-with-body", "-X", method, f"{URL}{path}", "-w", " HTTP %{http_code}"]
        if token:
            command += ["-H", f"Authorization: Bearer {token}"]
        if body is not None:
            command += ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=240)
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
# Words of the hub, or of a client that keeps them to itself.
SAYS = {
    "absent": ("embedded hub has", "Revision not found", "Revision Not Found", "Model 'acme/model' not found", "Repository not found"),
    "wrong": ("acme/none was not found", "a name is a letter", "a file and a folder", "not installed on this machine"),
    "unknown token": ("401", "Invalid user token"), "no token": ("401", "404", "not found", "Not Found")}


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
