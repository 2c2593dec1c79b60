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
    check("bucket search", lambda: expect(json.loads(hf("buckets", "ls", "acme", "--search", CLIENT, "--json"))[0]["id"], BUCKET))
    check("tree drawn", lambda: expect("small.txt" in hf("buckets", "ls", BUCKET, "--tree", "-R", "-h"), True))
    check("upload from a pipe, download into one", lambda: [hf("buckets", "cp", "-", f"{target}/piped", stdin="through a pipe"), expect(hf("buckets", "cp", f"{target}/piped", "-"), "through a pipe")])
    check("copy of a folder", lambda: [cp(f"{target}/dir/", f"{target}/again/"), expect(len(listing("again")), 3)])
    check("delete: dry run, patterns, folder", lambda: [remove("--dry-run"), expect(len(listing("again")), 3), remove("--include", "*.txt"), expect(len(listing("again")), 2), remove(), expect(listing("again"), [])])
    check("bucket settings", lambda: hf("buckets", "settings", BUCKET, "--public"))
    check("bucket move", lambda: [hf("buckets", "move", BUCKET, "acme/moved"), hf("buckets", "move", "acme/moved", BUCKET)])


def remove(*more):
    hf("buckets", "rm", f"{BUCKET}/again", "-R", "--yes", *more)


def sync():
    up, down, target = sync_folder(), SCRATCH / f"synced-{CLIENT}", f"hf://buckets/{BUCKET}/sync"
    run = lambda *args: hf("buckets", "sync", *args)
    here = lambda: sorted(str(path.relative_to(down)) for path in down.rglob("*.txt"))
    check("sync up", lambda: [run(up, target), expect(sorted(listing("sync/")), ["sync/a.txt", "sync/deep/b.txt"])])
    check("sync down", lambda: [run(target, down), expect(here(), ["a.txt", "deep/b.txt"])])
    check("sync up --delete", lambda: [(up / "a.txt").unlink(), run(up, target, "--delete"), expect(listing("sync/"), ["sync/deep/b.txt"])])
    check("sync down --delete", lambda: [run(target, down, "--delete"), expect(here(), ["deep/b.txt"])])
    plan = SCRATCH / f"plan-{CLIENT}.jsonl"
    check("sync: dry run", lambda: [expect('"upload"' in run(up, f"{target}-dry", "--dry-run"), True), expect(listing("sync-dry"), [])])
    check("sync by a plan", lambda: [run(up, f"{target}-plan", "--plan", plan), run("--apply", plan), expect(listing("sync-plan"), ["sync-plan/deep/b.txt"])])
    check("sync with patterns", lambda: [run(up, f"{target}-part", "--include", "*.txt", "--exclude", "deep/*", "-v"), expect(listing("sync-part"), [])])
    check("sync --existing, --ignore-existing", lambda: [run(up, f"{target}-new", "--existing"), expect(listing("sync-new"), []), run(up, f"{target}-new", "--ignore-existing", "--ignore-times"), expect(listing("sync-new"), ["sync-new/deep/b.txt"])])


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
    files = lambda: [entry["path"] for entry in json.loads(hf("spaces", "ls", name, "-R", "--json")) if "size" in entry]
    check("Space files", lambda: expect(sorted(files()), ["Dockerfile", "README.md", "app.py"]))
    check("Spaces: search", lambda: expect([space["id"] for space in json.loads(hf("spaces", "ls", "--author", "acme", "--search", f"space-{CLIENT}", "--json"))], [name]))
    check("Space card", lambda: expect("sdk: docker" in hf("spaces", "card", name), True))
    check("Space upload: patterns, delete", lambda: [hf("upload", name, space_folder(), "extra", *kind, "--include", "*.py"), expect(len(files()), 4), hf("repos", "delete-files", name, "extra/*", *kind), expect(len(files()), 3)])
    check("download by patterns", lambda: [hf("download", name, *kind, "--include", "*.py", "--local-dir", HERE / "part"), expect((HERE / "part/app.py").exists(), True), expect((HERE / "part/README.md").exists(), False)])
    check("download: dry run, again, offline", lambda: [hf("download", name, *kind, "--dry-run"), hf("download", name, *kind), hf("download", name, *kind, "--force-download"), hf("download", name, "app.py", *kind, HF_HUB_OFFLINE="1")])
    check("cache ls, verify, prune, rm", lambda: [expect(name in hf("cache", "ls"), True), hf("cache", "verify", name, *kind), hf("cache", "prune", "--yes"), hf("cache", "rm", f"space/{name}", "--yes")])
    check("copy of a Space's file into a bucket", lambda: [cp(f"hf://spaces/{name}/app.py", f"hf://buckets/{BUCKET}/app.py"), expect("app.py" in listing(""), True)])
    check("Space volumes", lambda: [hf("spaces", "volumes", "set", name, "-v", f"hf://buckets/{BUCKET}/dir:/data:ro"), expect("/data" in hf("spaces", "volumes", "ls", name), True), hf("spaces", "volumes", "delete", name, "--yes"), running()])
    check("Space variable, secret delete", lambda: [hf("spaces", "variables", "add", name, "-e", "OLD=x"), hf("spaces", "variables", "delete", name, "OLD", "--yes"), hf("spaces", "secrets", "delete", name, "KEY", "--yes"), running()])
    check("Space settings", lambda: [hf("repos", "settings", name, *kind, "--private"), expect(info()["private"], True), hf("repos", "settings", name, *kind, "--public")])
    check("Space move", lambda: [hf("repos", "move", name, f"{name}-2", *kind), hf("repos", "move", f"{name}-2", name, *kind), running()])
    check("Space answers", lambda: expect(urllib.request.urlopen(info()["host"]).read(), b"moin"))
    check("Space logs", lambda: [expect("the app is up" in hf("spaces", "logs", name), True), expect("Starts with" in hf("spaces", "logs", name, "--build"), True)])
    check("Space pause", lambda: [hf("spaces", "pause", name), expect(info()["runtime"]["stage"], "PAUSED")])
    check("Space restart", lambda: [hf("spaces", "restart", name), running()])
    check("Space hardware", lambda: [hf("spaces", "settings", name, "--hardware", "cpu-upgrade"), running()])
    check("Space sleep time", lambda: hf("spaces", "settings", name, "--sleep-time", "600"))
    check("Space hardware list", lambda: expect("cpu-basic" in hf("spaces", "hardware"), True))
    check("Space delete", lambda: [hf("repos", "delete", name, *kind, "--yes"), hf("repos", "delete", name, *kind, "--yes", "--missing-ok")])


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
    settings, secret = HERE / "settings.env", HERE / "secret.env"
    settings.write_text("FIRST=1\nSECOND=two words\n")
    secret.write_text("HIDDEN=3\n")
    code = "import os; print([os.environ[key] for key in ('FIRST', 'SECOND', 'HIDDEN', 'HF_TOKEN')])"
    check("job: settings from files", lambda: expect("['1', 'two words', '3', 'hf_organizer']" in run(code, "--env-file", settings, "--secrets-file", secret, "--secrets", "HF_TOKEN"), True))
    check("job: name, time limit, attempts", lambda: [detached("print(1)", "--name", f"named-{CLIENT}", "--timeout", "2m", "--attempts", "2"), wait(lambda: f"named-{CLIENT}" in hf("jobs", "ls", *AT, "--status", "completed", "--name", f"named-{CLIENT}"))])
    check("job: local folder", lambda: expect("['b.txt']" in run("import os; print(os.listdir('/in/deep'))", "-v", f"{SCRATCH / f'sync-{CLIENT}'}:/in"), True))
    if "rerun" in hf("jobs", "--help"):
        check("job rerun", lambda: expect("later" in hf("jobs", "rerun", job[0], *AT), True))
    check("job: nothing is started", lambda: expect("cpu-upgrade" in run("print(1)", "--dry-run", "--flavor", "cpu-upgrade"), True))
    check("job cancel", lambda: hf("jobs", "cancel", detached("import time; time.sleep(600)"), *AT))
    check("job hardware", lambda: expect("a10g-small" in hf("jobs", "hardware"), True))


def login():
    own = {"HF_HOME": str(HERE / "login")}
    check("login, switch, logout", lambda: [hf("auth", "login", "--token", "hf_one", token="", **own), expect("participant-1" in hf("auth", "whoami", token="", **own), True), expect("participant-1" in hf("auth", "list", token="", **own), True), hf("auth", "logout", token="", **own)])


def read_others():
    def read(name):
        cp(f"hf://buckets/{CROSS}/{name}", HERE / "read")
        return (HERE / "read").read_bytes()

    read_cross(read)
    check("bucket delete", lambda: hf("buckets", "delete", BUCKET, "--yes"))


for part in {"write": (buckets, sync, cross, space, jobs, login), "read": (read_others,)}[PHASE]:
    part()
finish()
