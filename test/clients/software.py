"""Software that knows the Hub only by its address: fsspec, pandas, pyarrow; and curl, which does not even know that."""

import io
import os
import subprocess

import pandas
import pyarrow
import pyarrow.csv
import pyarrow.dataset
import pyarrow.parquet
from common import ADMIN, CROSS, PHASE, SCRATCH, URL
from common import check, expect, finish, read_cross, sha
from huggingface_hub import HfFileSystem

TABLE = pandas.DataFrame({"name": ["a", "b", "ü"], "score": [1.5, 2.5, 3.5]})
BIG = os.urandom(5_000_000)
ROOT = "buckets/acme/software"
options = {"endpoint": URL, "token": ADMIN}
fs = HfFileSystem(**options, skip_instance_cache=True)


def same(frame):
    pandas.testing.assert_frame_equal(frame.reset_index(drop=True), TABLE)


def file_system():
    fs.pipe({f"{ROOT}/dir/small.txt": b"hello\n", f"{ROOT}/dir/big.bin": BIG})
    check("fsspec ls", lambda: expect(f"{ROOT}/dir" in fs.ls(ROOT, detail=False), True))
    check("fsspec cat", lambda: expect(fs.cat(f"{ROOT}/dir/small.txt"), b"hello\n"))
    check("fsspec glob", lambda: expect(fs.glob(f"{ROOT}/dir/*.txt"), [f"{ROOT}/dir/small.txt"]))
    check("fsspec read of a range", lambda: expect(fs.cat_file(f"{ROOT}/dir/big.bin", 1_000_000, 1_000_100), BIG[1_000_000:1_000_100]))
    check("fsspec seek and read", seek)
    check("fsspec copy and remove", lambda: [fs.cp_file(f"{ROOT}/dir/small.txt", f"{ROOT}/copy.txt"), fs.rm(f"{ROOT}/copy.txt"), expect(fs.exists(f"{ROOT}/copy.txt"), False)])


    tree = f"{ROOT}/tree"
    fs.pipe({f"{tree}/a/1.txt": b"1", f"{tree}/a/b/2.txt": b"22", f"{tree}/3.txt": b"333"})
    below = lambda path, names: [f"{path}/{name}" for name in names]
    check("fsspec find, du", lambda: expect([fs.find(tree), fs.du(tree)], [below(tree, ["3.txt", "a/1.txt", "a/b/2.txt"]), 6]))
    check("fsspec walk", lambda: expect([(folders, names) for _, folders, names in fs.walk(tree)], [(["a"], ["3.txt"]), (["b"], ["1.txt"]), ([], ["2.txt"])]))
    check("fsspec glob **", lambda: expect(fs.glob(f"{tree}/**/*.txt"), below(tree, ["3.txt", "a/1.txt", "a/b/2.txt"])))
    check("fsspec info, exists", lambda: expect([fs.info(f"{tree}/a")["type"], fs.info(f"{tree}/3.txt")["size"], fs.exists(f"{tree}/no"), fs.exists("buckets/acme/none")], ["directory", 3, False, False]))
    check("fsspec cat_ranges", lambda: expect(fs.cat_ranges([f"{ROOT}/dir/big.bin"] * 2, [0, 4_999_990], [5, 5_000_000]), [BIG[:5], BIG[-10:]]))
    check("fsspec open for writing, text and bytes", writing)
    check("fsspec invalidate_cache", lambda: [fs.invalidate_cache(tree), fs.invalidate_cache(), expect(len(fs.ls(tree)), 2)])
    local = SCRATCH / "fsspec"
    check("fsspec get, put of a folder", lambda: [fs.get(f"{tree}/", str(local), recursive=True), fs.put(f"{local}/", f"{ROOT}/put/", recursive=True), expect(fs.find(f"{ROOT}/put"), below(f"{ROOT}/put", ["3.txt", "a/1.txt", "a/b/2.txt"]))])
    check("fsspec mv", lambda: [fs.mv(f"{tree}/3.txt", f"{tree}/4.txt"), expect(fs.cat(f"{tree}/4.txt"), b"333")])
    check("fsspec rm of a folder", lambda: [fs.rm(tree, recursive=True), expect(fs.exists(tree), False)])
    check("fsspec read of nothing", lambda: [fs.pipe(f"{ROOT}/empty", b""), expect(fs.open(f"{ROOT}/empty", "rb").read(), b"")])


def writing():
    for mode, content in (("wb", b"bytes"), ("w", "grüße")):
        with fs.open(f"{ROOT}/written", mode) as file:
            file.write(content)
        with fs.open(f"{ROOT}/written", mode.replace("w", "r")) as file:
            expect(file.read(), content)


def seek():
    with fs.open(f"{ROOT}/dir/big.bin", "rb", block_size=4096) as file:
        file.seek(-20, io.SEEK_END)
        expect(file.read(), BIG[-20:])


def tables():
    uri = lambda name: f"hf://{ROOT}/tables/{name}"
    read_csv = lambda: pandas.read_csv(uri("t.csv"), storage_options=options)
    check("pandas to_csv, read_csv", lambda: [TABLE.to_csv(uri("t.csv"), index=False, storage_options=options), same(read_csv())])
    check("pandas to_parquet, read_parquet", lambda: [TABLE.to_parquet(uri("t.parquet"), storage_options=options), same(pandas.read_parquet(uri("t.parquet"), storage_options=options))])
    check("pandas read_csv by the environment alone", lambda: same(pandas.read_csv(uri("t.csv"))))
    path = f"{ROOT}/tables/t.parquet"
    check("pyarrow read_table, one column", lambda: expect(pyarrow.parquet.read_table(path, filesystem=fs, columns=["score"]).column_names, ["score"]))
    data = lambda: pyarrow.dataset.dataset(f"{ROOT}/tables/t.csv", format="csv", filesystem=fs)
    check("pyarrow dataset of csv", lambda: expect(data().count_rows(), 3))


def curl():
    at = f"{URL}/{ROOT}/resolve/dir/big.bin"
    run = lambda *args: subprocess.run(["curl", "-sS", "-f", "-H", f"Authorization: Bearer {ADMIN}", *args], capture_output=True, check=True).stdout
    head = lambda: run("-I", at).decode().lower()
    check("curl resolve", lambda: expect(sha(run(at)), sha(BIG)))
    check("curl resolve of a range", lambda: expect(run("-r", "100-199", at), BIG[100:200]))
    check("curl resolve of an end", lambda: expect(run("-r", "-50", at), BIG[-50:]))
    check("curl goes on with a download", resume)
    check("curl HEAD", lambda: expect(all(text in head() for text in ("content-length: 5000000", "x-xet-hash", "etag")), True))
    check("curl if-none-match", lambda: expect(run("-o", "/dev/null", "-w", "%{http_code}", "-H", f"If-None-Match: {etag(head())}", at), b"304"))


def etag(head):
    return next(line.split(": ")[1].strip() for line in head.splitlines() if line.startswith("etag"))


def resume():
    target = SCRATCH / "resumed"
    target.write_bytes(BIG[:1234])
    auth = ["-H", f"Authorization: Bearer {ADMIN}"]
    subprocess.run(["curl", "-sSf", *auth, "-C", "-", "-o", target, f"{URL}/{ROOT}/resolve/dir/big.bin"], check=True)
    expect(sha(target.read_bytes()), sha(BIG))


def cross():
    content = os.urandom(2_000_000)
    (SCRATCH / "cross-fsspec.bin").write_bytes(content)
    check("write for the others", lambda: fs.pipe(f"buckets/{CROSS}/cross-fsspec.bin", content))


def start():
    url = f"{URL}/api/buckets/acme/software"
    subprocess.run(["curl", "-sSf", "-X", "POST", "-H", f"Authorization: Bearer {ADMIN}", url], check=True, capture_output=True)


def read_others():
    read_cross(lambda name: fs.cat(f"buckets/{CROSS}/{name}"))


for part in {"write": (start, file_system, tables, curl, cross), "read": (read_others,)}[PHASE]:
    part()
finish()
