"""docs/engines.md with Ray: the worker that has shard 3 is killed in the middle."""

import os
import unittest

import ray
from support import Engine


class Ray(Engine):
    PROGRAM = "engine_ray.py"

    def test_tasks_over_shards(self):
        environment = {name: os.environ[name] for name in ("PATH", "BATCHLINT_BIN", "PYTHONPATH")}
        ray.init(
            num_cpus=2,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="error",
            runtime_env={"env_vars": environment},
        )
        self.addCleanup(ray.shutdown)
        facts = self.program.facts(of=8)
        self.is_the_single_run(bytes(facts))
        again = ray.get([self.program.part.remote(3, 8) for _ in range(2)])
        self.is_the_single_run(bytes(facts.merge(*again)))


if __name__ == "__main__":
    unittest.main()
