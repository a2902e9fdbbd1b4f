"""What people write to read the headers of objects: `clients.py boto3|s3fs PORT OBJECTS`. Every header is parsed by NumPy, and
its size is held against that of the object."""

import io
import sys

import numpy as np

FOLDERS = 64


def keys(objects):
    return ["d/p%02d/x_%07d.npy" % (n % FOLDERS, n) for n in range(objects)]


def check(head, size):
    """One header, as `np.lib.format` reads it."""
    file = io.BytesIO(head)
    version = np.lib.format.read_magic(file)
    read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
    shape, _, dtype = read(file)
    assert size is None or file.tell() + int(np.prod(shape)) * dtype.itemsize == size


def with_boto3(port, objects):
    """A pool of 32 threads, each with one connection."""
    from concurrent.futures import ThreadPoolExecutor

    import boto3
    from botocore.config import Config

    client = boto3.client(
        "s3", endpoint_url="http://127.0.0.1:%d" % port, aws_access_key_id="a", aws_secret_access_key="b",
        region_name="us-east-1", config=Config(max_pool_connections=32),
    )

    def one(key):
        answer = client.get_object(Bucket="bkt", Key=key, Range="bytes=0-4095")
        check(answer["Body"].read(), int(answer["ContentRange"].rsplit("/", 1)[1]))

    with ThreadPoolExecutor(32) as pool:
        for _ in pool.map(one, keys(objects)):
            pass


def with_s3fs(port, objects):
    """All ranges in calls of 10,000, 64 requests at a time. It gives no sizes."""
    import s3fs

    store = s3fs.S3FileSystem(
        key="a", secret="b", endpoint_url="http://127.0.0.1:%d" % port, config_kwargs={"max_pool_connections": 64},
    )
    names = ["bkt/" + key for key in keys(objects)]
    for start in range(0, len(names), 10000):
        part = names[start:start + 10000]
        for head in store.cat_ranges(part, [0] * len(part), [4096] * len(part), batch_size=64):
            check(head, None)


if __name__ == "__main__":
    {"boto3": with_boto3, "s3fs": with_s3fs}[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3]))
