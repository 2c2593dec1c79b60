"""What is done less often, by the Python client: odd names, patterns, caches, commits, switches of hf_xet."""

import concurrent.futures
import os
import pathlib
import subprocess
import sys

from common import CLIENT, SCRATCH
from common import check, expect, sha
from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete, hf_hub_download, snapshot_download

ODD = ["a b/ü ß.txt", "h#x.txt", "q?x.txt", "percent%20.txt", "plus+&='.txt", "both", "both/inside.txt", "日本.txt"]
SWITCHES = ["HF_XET_HIGH_PERFORMANCE=1", "HF_HUB_DISABLE_XET=1", "HF_XET_RECONSTRUCT_WRITE_SEQUENTIALLY=1", "HF_XET_NUM_CONCURRENT_RANGE_GETS=64", "HF_XET_CHUNK_CACHE_SIZE_BYTES=0", "HF_XET_SHARD_CACHE_SIZE_LIMIT=0"]
ROUND_TRIP = """
import os, sys, huggingface_hub as h
bucket, name, path = sys.argv[1:]
content = os.urandom(3_000_000)
h.HfApi().batch_bucket_files(bucket, add=[(content, name)])
h.HfApi().download_bucket_files(bucket, files=[(name, path)])
assert open(path, "rb").read() == content
"""


def files(api, bucket):
    """Files of a bucket beyond the plain case."""
    here = SCRATCH / f"more-{CLIENT}"
    here.mkdir()
    target = lambda i: here / f"odd-{i}"
    listed = lambda prefix, **more: sorted(f.path for f in api.list_bucket_tree(bucket, prefix=prefix, **more))
    odd = [f"odd/{name}" for name in ODD]
    check("odd names", lambda: [api.batch_bucket_files(bucket, add=[(name.encode(), name) for name in odd]), expect(listed("odd/", recursive=True), sorted(odd))])
    down = lambda: api.download_bucket_files(bucket, files=[(name, target(i)) for i, name in enumerate(odd)])
    check("odd names come back", lambda: [down(), expect([target(i).read_text() for i in range(len(odd))], odd)])
    check("tree of one level", lambda: expect(listed("odd", recursive=False), sorted("odd/" + name.split("/")[0] for name in ODD)))
    other = f"{bucket}-other"
    row = lambda: next(f for f in api.list_bucket_tree(bucket, prefix="odd/both", recursive=True))
    check("copy to another bucket", lambda: [api.create_bucket(other), api.batch_bucket_files(other, copy=[("bucket", bucket, row().xet_hash, "copied")]), expect([f.path for f in api.list_bucket_tree(other)], ["copied"]), api.delete_bucket(other)])
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        check("eight uploads at once", lambda: [list(pool.map(lambda i: api.batch_bucket_files(bucket, add=[(os.urandom(300_000), f"at-once/{i}")]), range(16))), expect(len(listed("at-once/")), 16)])
        fetch = lambda i: api.download_bucket_files(bucket, files=[("dir/big.bin", here / f"big-{i}")])
        check("eight downloads at once", lambda: [list(pool.map(fetch, range(8))), expect(len({sha((here / f"big-{i}").read_bytes()) for i in range(8)}), 1)])
    for switch in SWITCHES:
        check(f"up and down, {switch}", lambda: in_process(switch, bucket, here))


def in_process(switch, bucket, here):
    name, value = switch.split("=")
    env = {**os.environ, name: value, "HF_HOME": str(here / name)}
    done = subprocess.run([sys.executable, "-c", ROUND_TRIP, bucket, f"switches/{name}", here / f"{name}.bin"], env=env, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr.strip().splitlines()[-1]


def space(api, name):
    """A Space as a repository: commits, patterns, the local cache."""
    repo = {"repo_id": name, "repo_type": "space"}
    listed = lambda: sorted(api.list_repo_files(**repo))
    commit = lambda *operations, **more: api.create_commit(**repo, operations=list(operations), commit_message="m", **more)
    add = lambda path, text=b"x": CommitOperationAdd(path, text)
    check("commit: add, copy, delete", lambda: [commit(add("k/1.txt"), add("k/2.txt")), commit(CommitOperationCopy("k/1.txt", "k/3.txt"), CommitOperationDelete("k/2.txt")), expect([path for path in listed() if path.startswith("k/")], ["k/1.txt", "k/3.txt"])])
    check("commit: delete a folder", lambda: [commit(CommitOperationDelete("k/", is_folder=True)), expect("k/1.txt" in listed(), False)])
    check("file, revision, repository exist", lambda: expect([api.file_exists(**repo, filename="app.py"), api.file_exists(**repo, filename="no"), api.revision_exists(**repo, revision="main"), api.revision_exists(**repo, revision="dev"), api.repo_exists(**repo)], [True, False, True, False, True]))
    check("sizes of files", lambda: expect(all(file.size > 0 and file.blob_id for file in api.space_info(name, files_metadata=True).siblings), True))
    check("paths-info of a Space", lambda: expect([file.path for file in api.get_paths_info(**repo, paths=["app.py", "no"])], ["app.py"]))
    check("Spaces: search", lambda: expect([space.id for space in api.list_spaces(author="acme", search=name.split("/")[1])], [name]))
    check("Spaces: one by one", lambda: expect(name in [space.id for space in api.list_spaces(author="acme", limit=100)], True))
    cache = SCRATCH / f"cache-{CLIENT}"
    snapshot = lambda **more: pathlib.Path(snapshot_download(**repo, allow_patterns=["*.py", "*.md"], ignore_patterns=["R*"], cache_dir=cache, **more))
    check("snapshot by patterns", lambda: expect([path.name for path in snapshot().iterdir()], ["app.py"]))
    check("snapshot again", lambda: expect([path.name for path in snapshot(force_download=True).iterdir()], ["app.py"]))
    offline = lambda: hf_hub_download(**repo, filename="app.py", cache_dir=cache, local_files_only=True)
    check("offline, from the cache", lambda: expect(pathlib.Path(offline()).name, "app.py"))
    check("access check", lambda: api.auth_check(name, repo_type="space"))
    check("Space settings", lambda: [api.update_repo_settings(**repo, private=True), expect(api.space_info(name).private, True), api.update_repo_settings(**repo, private=False)])
    check("Space move", lambda: [api.move_repo(name, f"{name}-2", repo_type="space"), api.move_repo(f"{name}-2", name, repo_type="space")])
