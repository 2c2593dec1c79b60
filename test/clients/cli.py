"""The `hf` command line."""

import json
import os
import urllib.request

from common import CLIENT, CROSS, PHASE, SCRATCH
from common import check, expect, finish, hf, read_cross, sha, space_folder, sync_folder, wait

BUCKET = f"acme/{CLIENT}"
HERE = SCRATCH / CLIENT
AT = ("--namespace", "acme")


def cp(source, target):
    hf("buckets", "cp", source, target)


def listing(prefix):
    return hf("buckets", "ls", f"{BUCKET}/{prefix}", "-R", "-q").split()


def buckets():
    HERE.mkdir()
    big = os.urandom(20_000_000)
    for name, content in {"empty": b"", "small.txt": b"hello\n", "big.bin": big}.items():
        (HERE / name).write_bytes(content)
    check("whoami", lambda: expect("organizer" in hf("auth", "whoami"), True))
    check("bucket create", lambda: hf("buckets", "create", BUCKET, "--private"))
    check("bucket create again", lambda: hf("buckets", "create", BUCKET, "--private", "--exist-ok"))
    check("bucket info", lambda: expect(json.loads(hf("buckets", "info", BUCKET, "--json"))["private"], True))
    check("bucket list", lambda: expect(BUCKET in hf("buckets", "ls", "acme"), True))
    target = f"hf://buckets/{BUCKET}"
    check("upload 0 B to 20 MB", lambda: [cp(HERE / name, f"{target}/dir/{name}") for name in ("empty", "small.txt", "big.bin")])
    check("tree", lambda: expect(sorted(listing("dir")), ["dir/big.bin", "dir/empty", "dir/small.txt"]))
    check("download", lambda: [cp(f"{target}/dir/big.bin", HERE / "back"), expect(sha((HERE / "back").read_bytes()), sha(big))])
    check("copy", lambda: [cp(f"{target}/dir/small.txt", f"{target}/copy.txt"), expect("copy.txt" in listing(""), True)])
    check("delete files", lambda: [hf("buckets", "rm", f"{BUCKET}/copy.txt", "--yes"), expect("copy.txt" in listing(""), False)])
    check("bucket settings", lambda: hf("buckets", "settings", BUCKET, "--public"))
    check("bucket move", lambda: [hf("buckets", "move", BUCKET, "acme/moved"), hf("buckets", "move", "acme/moved", BUCKET)])


def sync():
    up, down, target = sync_folder(), SCRATCH / f"synced-{CLIENT}", f"hf://buckets/{BUCKET}/sync"
    run = lambda *args: hf("buckets", "sync", *args)
    here = lambda: sorted(str(path.relative_to(down)) for path in down.rglob("*.txt"))
    check("sync up", lambda: [run(up, target), expect(sorted(listing("sync/")), ["sync/a.txt", "sync/deep/b.txt"])])
    check("sync down", lambda: [run(target, down), expect(here(), ["a.txt", "deep/b.txt"])])
    check("sync up --delete", lambda: [(up / "a.txt").unlink(), run(up, target, "--delete"), expect(listing("sync/"), ["sync/deep/b.txt"])])
    check("sync down --delete", lambda: [run(target, down, "--delete"), expect(here(), ["deep/b.txt"])])


def cross():
    path = SCRATCH / f"cross-{CLIENT}.bin"
    path.write_bytes(os.urandom(2_000_000))
    check("write for the others", lambda: cp(path, f"hf://buckets/{CROSS}/{path.name}"))


def space():
    name = f"acme/space-{CLIENT}"
    info = lambda: json.loads(hf("spaces", "info", name, "--json"))
    running = lambda: wait(lambda: info()["runtime"]["stage"] == "RUNNING")
    kind = ("--type", "space")
    check("Space create", lambda: hf("repos", "create", name, *kind, "--space-sdk", "docker"))
    check("Space create again", lambda: hf("repos", "create", name, *kind, "--space-sdk", "docker", "--exist-ok"))
    check("Space variables", lambda: [hf("spaces", "variables", "add", name, "-e", "WORD=moin"), expect("moin" in hf("spaces", "variables", "ls", name), True)])
    check("Space secrets", lambda: [hf("spaces", "secrets", "add", name, "-s", "KEY=hidden"), expect("hidden" in hf("spaces", "secrets", "ls", name), False)])
    check("Space upload", lambda: hf("upload", name, space_folder(), *kind))
    check("Space upload again", lambda: hf("upload", name, space_folder(), *kind))
    check("Space file download", lambda: hf("download", name, "README.md", *kind, "--local-dir", HERE))
    check("Space runtime", running)
    check("Space answers", lambda: expect(urllib.request.urlopen(info()["host"]).read(), b"moin"))
    check("Space logs", lambda: [expect("the app is up" in hf("spaces", "logs", name), True), expect("Starts with" in hf("spaces", "logs", name, "--build"), True)])
    check("Space pause", lambda: [hf("spaces", "pause", name), expect(info()["runtime"]["stage"], "PAUSED")])
    check("Space restart", lambda: [hf("spaces", "restart", name), running()])
    check("Space hardware", lambda: [hf("spaces", "settings", name, "--hardware", "cpu-upgrade"), running()])
    check("Space sleep time", lambda: hf("spaces", "settings", name, "--sleep-time", "600"))
    check("Space hardware list", lambda: expect("cpu-basic" in hf("spaces", "hardware"), True))
    check("Space delete", lambda: hf("repos", "delete", name, *kind, "--yes"))


def jobs():
    job = []
    run = lambda code, *more: hf("jobs", "run", *AT, *more, "python:3.12", "python", "-c", code)
    detached = lambda code, *more: run(code, "--detach", "-q", *more).split()[-1]
    check("job run", lambda: expect("forty 42" in run("print('forty', 42)"), True))
    check("job wait", lambda: [job.append(detached("print('later')", "-l", f"by={CLIENT}")), hf("jobs", "wait", job[0], *AT)])
    check("job inspect", lambda: expect(json.loads(hf("jobs", "inspect", job[0], *AT, "--json"))[0]["status"]["stage"], "COMPLETED"))
    check("job logs", lambda: expect("later" in hf("jobs", "logs", job[0], *AT), True))
    check("job logs: tail, follow", lambda: expect("later" in hf("jobs", "logs", job[0], *AT, "-f", "-n", "1"), True))
    check("job list", lambda: expect(job[0] in hf("jobs", "ps", *AT, "-a", "--label", f"by={CLIENT}", "--no-truncate"), True))
    check("job labels", lambda: hf("jobs", "labels", job[0], "-l", "by=other", *AT))
    volume = f"hf://buckets/{BUCKET}/dir:/data:ro"
    check("job volumes, secrets", lambda: expect("hello" in run("print(open('/data/small.txt').read())", "-v", volume), True))
    check("job network group", lambda: expect("127" in run("import os; print(os.environ['HF_NETWORK_GROUP_HOSTNAME'])", "--network-group", "g"), True))
    check("job cancel", lambda: hf("jobs", "cancel", detached("import time; time.sleep(60)"), *AT))
    check("job hardware", lambda: expect("a10g-small" in hf("jobs", "hardware"), True))


def read_others():
    def read(name):
        cp(f"hf://buckets/{CROSS}/{name}", HERE / "read")
        return (HERE / "read").read_bytes()

    read_cross(read)
    check("bucket delete", lambda: hf("buckets", "delete", BUCKET, "--yes"))


for part in {"write": (buckets, sync, cross, space, jobs), "read": (read_others,)}[PHASE]:
    part()
finish()
