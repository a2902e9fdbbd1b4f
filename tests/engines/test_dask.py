"""docs/engines.md with Dask: two workers, one of which is killed in the middle."""

import logging
import unittest

from distributed import Client, LocalCluster
from support import Engine


class Dask(Engine):
    PROGRAM = "engine_dask.py"

    def setUp(self):
        super().setUp()
        for name in ("distributed", "distributed.nanny", "distributed.worker", "distributed.scheduler"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        cluster = LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None)
        self.addCleanup(cluster.close)
        self.client = Client(cluster)
        self.addCleanup(self.client.close)
        self.workers = {worker["pid"] for worker in self.client.run(self_id).values()}
        self.assertEqual(len(self.workers), 2)

    def one_was_killed(self):
        self.client.wait_for_workers(2)
        after = {worker["pid"] for worker in self.client.run(self_id).values()}
        self.assertEqual(len(self.workers - after), 1, (self.workers, after))

    def test_a_map_over_shards(self):
        facts = self.program.facts(self.client, of=8)
        self.is_the_single_run(bytes(facts))
        self.one_was_killed()
        # Shards that are scanned again, and again, change nothing.
        again = [self.client.submit(self.program.part, 3, of=8, pure=False).result() for _ in range(2)]
        self.is_the_single_run(bytes(facts.merge(*again)))

    def test_a_bag_that_is_reduced(self):
        self.is_the_single_run(bytes(self.program.reduced(of=8)))
        self.one_was_killed()


def self_id():
    import os

    return {"pid": os.getpid()}


if __name__ == "__main__":
    unittest.main()
