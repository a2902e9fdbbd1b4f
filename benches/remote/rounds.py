"""Contenders that take turns, with what the system says each of them used. Run by scripts/bench-remote."""

import os
import statistics
import subprocess
import sys

BATCHLINT, SERVER, HERE = sys.argv[1], sys.argv[2], os.path.dirname(os.path.abspath(__file__))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
OBJECTS = int(os.environ.get("OBJECTS", "100000"))
# The slow ones get fewer: what is compared is what each object costs.
FEWER = int(os.environ.get("FEWER", "20000"))


def measured(command, environment):
    """Seconds, seconds of a processor, MiB."""
    start = os.times().elapsed
    child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = child.stderr.read()
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1):
        sys.exit("%s: %s" % (command, said.decode()))
    return os.times().elapsed - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


class Store:
    def __init__(self, objects, delay):
        self.process = subprocess.Popen(
            [SERVER, "serve", str(objects), str(delay)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        self.port = int(self.process.stdout.readline())

    def __enter__(self):
        return self.port

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


def contenders(port, objects):
    environment = dict(
        {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}, AWS_ACCESS_KEY_ID="a",
        AWS_SECRET_ACCESS_KEY="b", AWS_REGION="us-east-1", AWS_ENDPOINT_URL="http://127.0.0.1:%d" % port,
    )
    python = [sys.executable, os.path.join(HERE, "clients.py")]
    check = [BATCHLINT, "check", "--headers-only", "--format", "json", "s3://bkt/d"]
    fewer = min(FEWER, objects)
    return [
        ("batchlint", check, objects, environment),
        ("boto3, 32 threads", python + ["boto3", str(port), str(fewer)], fewer, environment),
        ("s3fs cat_ranges", python + ["s3fs", str(port), str(fewer)], fewer, environment),
    ]


def compare(delay):
    with Store(OBJECTS, delay) as port:
        rows = {}
        for _ in range(ROUNDS):
            for name, command, objects, environment in contenders(port, OBJECTS):
                seconds, processor, memory = measured(command, environment)
                rows.setdefault(name, []).append((objects / seconds, processor / objects * 1e6, memory))
    middle = {name: [statistics.median(column) for column in zip(*found)] for name, found in rows.items()}
    mine = middle["batchlint"]
    for name, (rate, processor, memory) in middle.items():
        # Round by round, so that a machine that changes its speed changes it for all.
        ratios = [theirs[1] / ours[1] for theirs, ours in zip(rows[name], rows["batchlint"])]
        print("| %s | %s | %d | %.0f | %.1f | %.0f MiB | %.1f |" % (
            "%d ms" % delay, name, OBJECTS if name == "batchlint" else FEWER, rate, processor, memory,
            statistics.median(ratios),
        ), flush=True)
    return mine


def main():
    print("| delay | client | objects | objects/s | CPU us/object | peak RSS | CPU beside batchlint |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for delay in (0, 20):
        compare(delay)
    print("\n| objects | peak RSS of batchlint |\n| --- | --- |")
    for objects in (OBJECTS // 10, OBJECTS):
        with Store(objects, 0) as port:
            name, command, _, environment = contenders(port, objects)[0]
            print("| %d | %.0f MiB |" % (objects, measured(command, environment)[2]))


main()
