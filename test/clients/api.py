"""The Python client's own interface, huggingface_hub.HfApi."""

import os
import pathlib
import urllib.request

import huggingface_hub
import more
from common import ADMIN, CLIENT, CROSS, PHASE, SCRATCH, URL, WRONG
from common import check, expect, finish, read_cross, sha, space_folder, sync_folder, wait
from huggingface_hub import HfApi
from huggingface_hub.errors import BucketNotFoundError, HfHubHTTPError, JobNotFoundError, RepositoryNotFoundError

BUCKET = f"acme/{CLIENT}"
BIG = os.urandom(20_000_000)
admin = HfApi(endpoint=URL, token=ADMIN)


def refused(kind, work, text=""):
    try:
        work()
    except kind as error:
        assert text in str(error), f"{error} does not say {text!r}"
        return
    raise AssertionError("was not refused")


def paths(prefix=None):
    return sorted(f.path for f in admin.list_bucket_tree(BUCKET, prefix=prefix, recursive=True) if f.type == "file")


def identity():
    check("whoami", lambda: expect(admin.whoami()["name"], "organizer"))
    check("whoami: roles", lambda: expect({o["name"]: o["roleInOrg"] for o in admin.whoami()["orgs"]}, {"acme": "admin", "poor": "admin"}))
    check("whoami: unknown token", lambda: refused(HfHubHTTPError, HfApi(endpoint=URL, token=WRONG).whoami, "Invalid user token"))
    check("org members", lambda: expect(len(list(admin.list_organization_members("acme"))), 5))
    check("user overview", lambda: expect(admin.get_user_overview("participant-1").username, "participant-1"))


def buckets():
    check("bucket create", lambda: admin.create_bucket(BUCKET, private=True))
    check("bucket create again", lambda: admin.create_bucket(BUCKET, private=True, exist_ok=True))
    check("bucket info", lambda: expect(admin.bucket_info(BUCKET).private, True))
    check("bucket list", lambda: expect(BUCKET in [b.id for b in admin.list_buckets(namespace="acme")], True))
    check("bucket missing", lambda: refused(BucketNotFoundError, lambda: admin.bucket_info("acme/none")))
    adds = [(b"", "empty"), (b"hello\n", "dir/small.txt"), (BIG, "dir/big.bin"), ("grüße".encode(), "dir/ü ü.txt")]
    check("upload 0 B to 20 MB", lambda: admin.batch_bucket_files(BUCKET, add=adds))
    check("tree", lambda: expect(paths(), sorted(name for _, name in adds)))
    many = [(b"%d" % i, f"many/{i:04}.txt") for i in range(1100)]
    check("upload 1,100 files", lambda: admin.batch_bucket_files(BUCKET, add=many))
    check("tree in pages", lambda: expect(paths("many/"), [name for _, name in many]))
    check("paths-info", lambda: expect(len(list(admin.get_bucket_paths_info(BUCKET, ["empty", "no", "dir/big.bin"]))), 2))
    check("download", download)
    big = lambda: next(f for f in admin.list_bucket_tree(BUCKET, prefix="dir/big", recursive=True))
    check("copy", lambda: [admin.batch_bucket_files(BUCKET, copy=[("bucket", BUCKET, big().xet_hash, "copy.bin")]), expect("copy.bin" in paths(), True)])
    check("delete files", lambda: [admin.batch_bucket_files(BUCKET, delete=["copy.bin"]), expect("copy.bin" in paths(), False)])
    check("bucket settings", lambda: [admin.update_bucket_settings(BUCKET, private=False), expect(admin.bucket_info(BUCKET).private, False)])
    check("bucket move", lambda: [admin.move_bucket(BUCKET, "acme/moved"), admin.move_bucket("acme/moved", BUCKET)])
    failed = lambda: admin.batch_bucket_files(BUCKET, delete=["not-there"])
    check("failed files are named", lambda: refused(huggingface_hub.errors.BucketBatchError, failed, "not-there"))
    more.files(admin, BUCKET)


def download():
    target = SCRATCH / f"down-{CLIENT}"
    target.mkdir(exist_ok=True)
    wanted = [("dir/big.bin", target / "big"), ("empty", target / "empty"), ("dir/ü ü.txt", target / "text")]
    admin.download_bucket_files(BUCKET, files=wanted)
    expect(sha((target / "big").read_bytes()), sha(BIG))
    expect([(target / "empty").read_bytes(), (target / "text").read_text()], [b"", "grüße"])


def sync():
    up, down, target = sync_folder(), SCRATCH / f"synced-{CLIENT}", f"hf://buckets/{BUCKET}/sync"
    here = lambda: sorted(str(path.relative_to(down)) for path in down.rglob("*.txt"))
    run = lambda source, goal, **more: admin.sync_bucket(str(source), str(goal), quiet=True, **more)
    check("sync up", lambda: [run(up, target), expect(paths("sync/"), ["sync/a.txt", "sync/deep/b.txt"])])
    check("sync down", lambda: [run(target, down), expect(here(), ["a.txt", "deep/b.txt"])])
    check("sync up --delete", lambda: [(up / "a.txt").unlink(), run(up, target, delete=True), expect(paths("sync/"), ["sync/deep/b.txt"])])
    check("sync down --delete", lambda: [run(target, down, delete=True), expect(here(), ["deep/b.txt"])])
    check("sync with patterns", lambda: [run(up, f"{target}-part", include=["*.txt"], exclude=["deep/*"]), expect(paths("sync-part/"), [])])
    plan = SCRATCH / f"plan-{CLIENT}.jsonl"
    check("sync by a plan", lambda: [run(up, f"{target}-plan", plan=str(plan)), expect(paths("sync-plan/"), []), admin.sync_bucket(apply=str(plan), quiet=True), expect(paths("sync-plan/"), ["sync-plan/deep/b.txt"])])
    check("sync --existing, --ignore-existing", lambda: [run(up, f"{target}-new", existing=True), expect(paths("sync-new/"), []), run(up, f"{target}-new", ignore_existing=True), expect(paths("sync-new/"), ["sync-new/deep/b.txt"])])


def cross():
    content = os.urandom(2_000_000)
    (SCRATCH / f"cross-{CLIENT}.bin").write_bytes(content)
    check("write for the others", lambda: admin.batch_bucket_files(CROSS, add=[(content, f"cross-{CLIENT}.bin")]))


def space():
    name = f"acme/space-{CLIENT}"
    repo = {"repo_id": name, "repo_type": "space"}
    stage = lambda: admin.get_space_runtime(name).stage
    running = lambda: wait(lambda: stage() == "RUNNING")
    check("Space create", lambda: admin.create_repo(**repo, space_sdk="docker"))
    check("Space create again", lambda: admin.create_repo(**repo, space_sdk="docker", exist_ok=True))
    check("Space variables", lambda: [expect(admin.add_space_variable(name, "WORD", "moin")["WORD"].value, "moin"), expect(list(admin.get_space_variables(name)), ["WORD"])])
    check("Space secrets", lambda: [admin.add_space_secret(name, "KEY", "hidden"), expect("hidden" in repr(admin.get_space_secrets(name)), False)])
    check("Space variable, secret delete", lambda: [admin.add_space_variable(name, "OLD", "x"), admin.delete_space_variable(name, "OLD"), admin.delete_space_secret(name, "KEY")])
    check("Space upload", lambda: admin.upload_folder(**repo, folder_path=space_folder()))
    check("Space upload again", lambda: admin.upload_folder(**repo, folder_path=space_folder()))
    check("Space files", lambda: expect(sorted(admin.list_repo_files(**repo)), ["Dockerfile", "README.md", "app.py"]))
    check("Space file download", lambda: expect("sdk: docker" in pathlib.Path(admin.hf_hub_download(**repo, filename="README.md")).read_text(), True))
    check("Space runtime", running)
    more.space(admin, name)
    if hasattr(admin, "wait_for_space"):
        check("Space wait", lambda: expect(admin.wait_for_space(name, timeout=240).stage, "RUNNING"))
    check("Space answers", lambda: expect(urllib.request.urlopen(admin.space_info(name).host).read(), b"moin"))
    check("Space logs", lambda: [expect("the app is up" in "".join(admin.fetch_space_logs(name)), True), expect("Starts with" in "".join(admin.fetch_space_logs(name, build=True)), True)])
    check("Space pause", lambda: expect(admin.pause_space(name).stage, "PAUSED"))
    check("Space restart", lambda: [admin.restart_space(name), running()])
    check("Space hardware", lambda: [expect(admin.request_space_hardware(name, "cpu-upgrade").requested_hardware, "cpu-upgrade"), running()])
    check("Space sleep time", lambda: [expect(admin.set_space_sleep_time(name, 1).sleep_time, 1), wait(lambda: stage() == "SLEEPING")])
    check("Space wakes for a visitor", lambda: expect(urllib.request.urlopen(admin.space_info(name).host).read(), b"moin"))
    volume = huggingface_hub.Volume(type="bucket", source=BUCKET, mount_path="/data", read_only=True)
    check("Space volumes", lambda: [admin.set_space_volumes(name, [volume]), expect(admin.get_space_runtime(name).volumes[0].mount_path, "/data"), admin.delete_space_volumes(name)])
    check("Space hardware list", lambda: expect("cpu-basic" in [h.name for h in admin.list_spaces_hardware()], True))
    check("Space delete", lambda: [admin.delete_repo(**repo), refused(RepositoryNotFoundError, lambda: admin.space_info(name))])


def jobs():
    at = {"namespace": "acme"}
    spec = {"image": "python:3.12", "command": ["python", "-c", "print('forty', 40 + 2)"], **at}
    started = []
    inspect = lambda job: admin.inspect_job(job_id=job.id, **at)
    ended = lambda job: wait(lambda: inspect(job).status.stage in ("COMPLETED", "ERROR", "CANCELED") and inspect(job))
    check("job run", lambda: started.append(admin.run_job(**spec, labels={"by": CLIENT})))
    check("job wait", lambda: expect(admin.wait_for_job(started[0].id, timeout=240, **at).status.stage, "COMPLETED"))
    check("job inspect", lambda: expect(inspect(started[0]).command, spec["command"]))
    text = lambda **more: [line.strip() for line in admin.fetch_job_logs(job_id=started[0].id, **at, **more)]
    check("job logs", lambda: expect(text(), ["forty 42"]))
    check("job logs: tail, follow", lambda: expect(text(tail=1, follow=True), ["forty 42"]))
    check("job list", lambda: expect(started[0].id in [job.id for job in admin.list_jobs(**at)], True))
    check("job labels", lambda: [admin.update_job_labels(job_id=started[0].id, labels={"by": f"{CLIENT}2"}, **at), expect([j.id for j in admin.list_jobs(labels={"by": f"{CLIENT}2"}, **at)], [started[0].id])])
    failing = {**spec, "command": ["python", "-c", "import sys; sys.exit(3)"]}
    check("job exit code", lambda: expect("exit code: 3" in ended(admin.run_job(**failing)).status.message, True))
    long = {**spec, "command": ["python", "-c", "import time; time.sleep(600)"]}
    check("job time limit", lambda: expect("timeout" in ended(admin.run_job(**long, timeout=1)).status.message, True))
    check("job volumes, secrets", volumes)
    check("job network group", lambda: expect(ended(admin.run_job(**spec, network_group="g")).network.group, "g"))
    check("job cancel", lambda: [job := admin.run_job(**long), admin.cancel_job(job_id=job.id, **at), expect(ended(job).status.stage, "CANCELED")])
    check("job missing", lambda: refused(JobNotFoundError, lambda: admin.inspect_job(job_id="0" * 24, **at)))
    if hasattr(admin, "rerun_job"):
        check("job rerun", lambda: expect(ended(admin.rerun_job(job_id=started[0].id, **at)).status.stage, "COMPLETED"))
    check("job hardware", lambda: expect("a10g-small" in [h.name for h in admin.list_jobs_hardware()], True))


def volumes():
    volume = huggingface_hub.Volume(type="bucket", source=BUCKET, mount_path="/data", path="dir")
    code = "import os; open('/data/out.txt', 'w').write(open('/data/small.txt').read() + os.environ['WORD'])"
    spec = {"image": "python:3.12", "command": ["python", "-c", code], "namespace": "acme"}
    job = admin.run_job(**spec, volumes=[volume], secrets={"WORD": "secret"})
    expect(admin.wait_for_job(job.id, namespace="acme", timeout=240).status.stage, "COMPLETED")
    admin.download_bucket_files(BUCKET, files=[("dir/out.txt", SCRATCH / f"out-{CLIENT}")])
    expect((SCRATCH / f"out-{CLIENT}").read_text(), "hello\nsecret")


def read_others():
    def read(name):
        admin.download_bucket_files(CROSS, files=[(name, SCRATCH / f"read-{CLIENT}")])
        return (SCRATCH / f"read-{CLIENT}").read_bytes()

    read_cross(read)
    check("bucket delete", lambda: [admin.delete_bucket(BUCKET), refused(BucketNotFoundError, lambda: admin.bucket_info(BUCKET))])


for part in {"write": (identity, buckets, sync, cross, space, jobs), "read": (read_others,)}[PHASE]:
    part()
finish()
