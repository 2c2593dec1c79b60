"""Drives the real Python client and the hf command line against a running embedded hub.

Usage: run.py <hub url> <scratch folder>. Prints one line per operation; exit code 1 when any failed.
"""

import hashlib
import os
import pathlib
import subprocess
import sys
import time
import urllib.request

import huggingface_hub
from huggingface_hub import HfApi, HfFileSystem
from huggingface_hub.errors import BucketNotFoundError, HfHubHTTPError, RepositoryNotFoundError

URL, SCRATCH = sys.argv[1], pathlib.Path(sys.argv[2])
ADMIN, ONE, READER, OUTSIDER = "hf_organizer", "hf_one", "hf_reader", "hf_outsider"
BUCKET = "acme/clients"
BIG = os.urandom(20_000_000)
admin = HfApi(endpoint=URL, token=ADMIN)
results = []


def check(operation, work):
    started = time.monotonic()
    try:
        work()
        outcome = "ok"
    except Exception as error:  # every failure is reported, none stops the run
        text = str(error).strip().splitlines() or [""]
        outcome = f"FAILED {type(error).__name__}: {text[0][:200]}"
    results.append((operation, outcome))
    print(f"{operation:<44} {outcome} ({time.monotonic() - started:.2f} s)", flush=True)


def expect(value, wanted):
    assert value == wanted, f"{value!r} is not {wanted!r}"


def refused(kind, work, text=""):
    try:
        work()
    except kind as error:
        assert text in str(error), f"{error} does not say {text!r}"
        return
    raise AssertionError("was not refused")


def hf(*args):
    env = {**os.environ, "HF_TOKEN": ADMIN, "HF_ENDPOINT": URL, "HF_HUB_DISABLE_UPDATE_CHECK": "1"}
    program = pathlib.Path(sys.executable).parent / "hf"
    done = subprocess.run([program, *args], env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, (done.stderr or done.stdout)[-300:]
    return done.stdout


def paths(prefix=None):
    return sorted(f.path for f in admin.list_bucket_tree(BUCKET, prefix=prefix, recursive=True) if f.type == "file")


def identity():
    check("whoami", lambda: expect(admin.whoami()["name"], "organizer"))
    check("whoami: bad token", lambda: refused(HfHubHTTPError, HfApi(endpoint=URL, token="hf_no").whoami))
    members = lambda: sorted(m.username for m in admin.list_organization_members("acme"))
    if hasattr(admin, "list_organization_members"):
        check("organization members", lambda: expect(len(members()), 5))
    check("user overview", lambda: expect(admin.get_user_overview("participant-1").username, "participant-1"))


def buckets():
    check("bucket create (twice, exist_ok)", lambda: [admin.create_bucket(BUCKET, private=True, exist_ok=True) for _ in "ab"])
    check("bucket info", lambda: expect(admin.bucket_info(BUCKET).private, True))
    check("bucket list", lambda: expect(BUCKET in [b.id for b in admin.list_buckets(namespace="acme")], True))
    check("bucket missing", lambda: refused(BucketNotFoundError, lambda: admin.bucket_info("acme/none")))
    adds = [(b"", "empty"), (b"hello\n", "dir/small.txt"), (BIG, "dir/big.bin"), ("grüße".encode(), "dir/ü ü.txt")]
    check("upload 0 B, small, 20 MB, non-ASCII", lambda: admin.batch_bucket_files(BUCKET, add=adds))
    check("tree", lambda: expect(paths(), sorted(name for _, name in adds)))
    check("paths-info", lambda: expect(len(list(admin.get_bucket_paths_info(BUCKET, ["empty", "no", "dir/big.bin"]))), 2))
    check("download", download)
    big = lambda: next(f for f in admin.list_bucket_tree(BUCKET, prefix="dir/big", recursive=True))
    check("copy", lambda: admin.batch_bucket_files(BUCKET, copy=[("bucket", BUCKET, big().xet_hash, "copy.bin")]))
    check("delete", lambda: admin.batch_bucket_files(BUCKET, delete=["copy.bin"]))
    check("after copy and delete", lambda: expect("copy.bin" in paths(), False))
    if hasattr(admin, "update_bucket_settings"):
        check("settings", lambda: admin.update_bucket_settings(BUCKET, private=True))
    check("move there and back", lambda: [admin.move_bucket(BUCKET, "acme/moved"), admin.move_bucket("acme/moved", BUCKET)])
    check("file written by JavaScript", from_javascript)


def download():
    target = SCRATCH / "down"
    target.mkdir(exist_ok=True)
    wanted = [("dir/big.bin", target / "big"), ("empty", target / "empty"), ("dir/ü ü.txt", target / "text")]
    admin.download_bucket_files(BUCKET, files=wanted)
    expect(hashlib.sha256((target / "big").read_bytes()).digest(), hashlib.sha256(BIG).digest())
    expect((target / "empty").read_bytes(), b"")
    expect((target / "text").read_text(), "grüße")


def from_javascript():
    admin.download_bucket_files("acme/from-js", files=[("js.bin", SCRATCH / "js.bin")])
    expect((SCRATCH / "js.bin").read_bytes(), (SCRATCH / "js-source.bin").read_bytes())


def sync():
    up, down = SCRATCH / "up", SCRATCH / "synced"
    (up / "deep").mkdir(parents=True)
    (up / "a.txt").write_text("a")
    (up / "deep/b.txt").write_text("b")
    there, target = str(up), f"hf://buckets/{BUCKET}/sync"
    check("sync up", lambda: admin.sync_bucket(there, target, quiet=True))
    check("sync up: arrived", lambda: expect(paths("sync/"), ["sync/a.txt", "sync/deep/b.txt"]))
    check("sync down", lambda: admin.sync_bucket(target, str(down), quiet=True))
    check("sync down: arrived", lambda: expect((down / "deep/b.txt").read_text(), "b"))
    (up / "a.txt").unlink()
    check("sync up --delete", lambda: admin.sync_bucket(there, target, delete=True, quiet=True))
    check("sync up --delete: gone", lambda: expect(paths("sync/"), ["sync/deep/b.txt"]))
    check("sync down --delete", lambda: admin.sync_bucket(target, str(down), delete=True, quiet=True))
    check("sync down --delete: gone", lambda: expect((down / "a.txt").exists(), False))


def file_system():
    fs = HfFileSystem(endpoint=URL, token=ADMIN, skip_instance_cache=True)
    root = f"buckets/{BUCKET}"
    check("HfFileSystem ls", lambda: expect(f"{root}/dir" in fs.ls(root, detail=False), True))
    check("HfFileSystem cat", lambda: expect(fs.cat(f"{root}/dir/small.txt"), b"hello\n"))
    check("HfFileSystem write", lambda: fs.pipe(f"{root}/fs/new.txt", b"by fsspec"))
    check("HfFileSystem glob", lambda: expect(fs.glob(f"{root}/fs/*.txt"), [f"{root}/fs/new.txt"]))

    def part():
        with fs.open(f"{root}/dir/big.bin", "rb") as file:
            file.seek(9_999_990)
            expect(file.read(20), BIG[9_999_990:10_000_010])

    check("HfFileSystem range", part)
    request = urllib.request.Request(f"{URL}/buckets/{BUCKET}/resolve/dir/small.txt", headers={"Authorization": f"Bearer {ADMIN}"})
    check("plain HTTP read", lambda: expect(urllib.request.urlopen(request).read(), b"hello\n"))


def rights():
    one, reader = HfApi(endpoint=URL, token=ONE), HfApi(endpoint=URL, token=READER)
    outsider, nobody = HfApi(endpoint=URL, token=OUTSIDER), HfApi(endpoint=URL, token=False)
    write = lambda api, bucket: api.batch_bucket_files(bucket, add=[(b"x", "x.txt")])
    check("outsider: private bucket is not there", lambda: refused(BucketNotFoundError, lambda: outsider.bucket_info(BUCKET)))
    check("no token: private bucket is not there", lambda: refused(BucketNotFoundError, lambda: nobody.bucket_info(BUCKET)))
    check("reader reads", lambda: expect(reader.bucket_info(BUCKET).id, BUCKET))
    check("reader cannot create", lambda: refused(HfHubHTTPError, lambda: reader.create_bucket("acme/r"), "403"))
    check("contributor creates", lambda: one.create_bucket("acme/by-one"))
    check("contributor writes its own", lambda: write(one, "acme/by-one"))
    check("contributor cannot write another's", lambda: refused(Exception, lambda: write(one, BUCKET), "403"))
    # Last: hf_xet 1.6 answers every upload of the process with the first refusal from here on.
    check("reader cannot write", lambda: refused(Exception, lambda: write(reader, BUCKET), "403"))
    check("contributor cannot delete another's", lambda: refused(HfHubHTTPError, lambda: one.delete_bucket(BUCKET), "403"))
    spec = {"image": "python:3.12", "command": ["true"], "namespace": "acme"}
    check("contributor cannot run jobs", lambda: refused(HfHubHTTPError, lambda: one.run_job(**spec), "403"))
    check("no credits", lambda: refused(HfHubHTTPError, lambda: admin.run_job(**{**spec, "namespace": "poor"}), "402"))
    failed = lambda: admin.batch_bucket_files(BUCKET, delete=["not-there"])
    if hasattr(huggingface_hub.errors, "BucketBatchError"):
        check("failed operations are told", lambda: refused(huggingface_hub.errors.BucketBatchError, failed, "not-there"))


def spaces():
    repo = {"repo_id": "acme/py", "repo_type": "space"}
    folder = SCRATCH / "space"
    folder.mkdir()
    (folder / "README.md").write_text("---\ntitle: Py\nsdk: docker\n---\n")
    (folder / "Dockerfile").write_text('FROM python\nCMD ["python3", "app.py"]\n')
    (folder / "app.py").write_text(
        "import os\nfrom http.server import *\n"
        "class H(BaseHTTPRequestHandler):\n"
        " def do_GET(self):\n  self.send_response(200); self.end_headers(); self.wfile.write(os.environ['WORD'].encode())\n"
        "HTTPServer(('127.0.0.1', int(os.environ['PORT'])), H).serve_forever()\n"
    )
    check("Space create (twice, exist_ok)", lambda: [admin.create_repo(**repo, space_sdk="docker", exist_ok=True) for _ in "ab"])
    check("Space variable", lambda: expect(admin.add_space_variable("acme/py", "WORD", "moin")["WORD"].value, "moin"))
    check("Space secret", lambda: admin.add_space_secret("acme/py", "KEY", "hidden"))
    check("Space variables", lambda: expect(list(admin.get_space_variables("acme/py")), ["WORD"]))
    check("Space upload", lambda: admin.upload_folder(**repo, folder_path=folder))
    check("Space upload again (no change)", lambda: admin.upload_folder(**repo, folder_path=folder))
    check("Space files", lambda: expect(sorted(admin.list_repo_files(**repo)), ["Dockerfile", "README.md", "app.py"]))
    check("Space file download", lambda: expect("sdk: docker" in pathlib.Path(admin.hf_hub_download(**repo, filename="README.md")).read_text(), True))
    check("Space runs", lambda: wait(lambda: admin.get_space_runtime("acme/py").stage == "RUNNING"))
    check("Space answers", lambda: expect(urllib.request.urlopen(admin.space_info("acme/py").host).read(), b"moin"))
    check("Space pause", lambda: expect(admin.pause_space("acme/py").stage, "PAUSED"))
    check("Space restart", lambda: [admin.restart_space("acme/py"), wait(lambda: admin.get_space_runtime("acme/py").stage == "RUNNING")])
    check("Space hardware", lambda: expect(admin.request_space_hardware("acme/py", "cpu-upgrade").requested_hardware, "cpu-upgrade"))
    outsider = HfApi(endpoint=URL, token=OUTSIDER)
    check("Space: outsider cannot upload", lambda: refused(HfHubHTTPError, lambda: outsider.upload_file(**repo, path_in_repo="x", path_or_fileobj=b"x"), "403"))
    check("Space delete", lambda: admin.delete_repo(**repo))
    check("Space is gone", lambda: refused(RepositoryNotFoundError, lambda: admin.space_info("acme/py")))


def jobs():
    started = []
    spec = {"image": "python:3.12", "command": ["python", "-c", "print('forty', 40 + 2)"], "namespace": "acme"}
    check("job run", lambda: started.append(admin.run_job(**spec)))
    inspect = lambda: admin.inspect_job(job_id=started[0].id, namespace="acme").status.stage
    check("job ends", lambda: wait(lambda: inspect() == "COMPLETED"))
    check("job logs", lambda: expect([line.strip() for line in admin.fetch_job_logs(job_id=started[0].id, namespace="acme")], ["forty 42"]))
    check("job list", lambda: expect(started[0].id in [job.id for job in admin.list_jobs(namespace="acme")], True))
    long = {**spec, "command": ["python", "-c", "import time; time.sleep(60)"]}

    def cancel():
        job = admin.run_job(**long)
        admin.cancel_job(job_id=job.id, namespace="acme")
        wait(lambda: admin.inspect_job(job_id=job.id, namespace="acme").status.stage == "CANCELED")

    check("job cancel", cancel)


def command_line():
    local = SCRATCH / "cli.txt"
    local.write_text("by the command line")
    target = f"hf://buckets/{BUCKET}/cli/one.txt"
    check("hf auth whoami", lambda: expect("organizer" in hf("auth", "whoami"), True))
    check("hf buckets cp up", lambda: hf("buckets", "cp", str(local), target))
    check("hf buckets ls", lambda: expect("one.txt" in hf("buckets", "ls", f"{BUCKET}/cli", "-R"), True))
    check("hf buckets cp down", lambda: [hf("buckets", "cp", target, str(SCRATCH / "back.txt")), expect((SCRATCH / "back.txt").read_text(), local.read_text())])
    check("hf buckets sync", lambda: hf("buckets", "sync", str(SCRATCH / "up"), f"hf://buckets/{BUCKET}/cli-sync"))
    check("hf buckets rm", lambda: hf("buckets", "rm", f"{BUCKET}/cli/one.txt", "--yes"))
    check("hf jobs run", lambda: expect("42" in hf("jobs", "run", "--namespace", "acme", "python:3.12", "python", "-c", "print(42)"), True))
    check("hf jobs ps", lambda: hf("jobs", "ps", "--namespace", "acme", "-a"))


def wait(probe, seconds=20):
    deadline = time.monotonic() + seconds
    while not probe():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def main():
    print(f"huggingface_hub {huggingface_hub.__version__}")
    for part in (identity, buckets, sync, file_system, rights, spaces, jobs, command_line):
        part()
    check("bucket delete", lambda: [admin.delete_bucket(BUCKET), refused(BucketNotFoundError, lambda: admin.bucket_info(BUCKET))])
    failed = [name for name, outcome in results if outcome != "ok"]
    print(f"{len(results) - len(failed)} of {len(results)} operations work")
    sys.exit(1 if failed else 0)


main()
