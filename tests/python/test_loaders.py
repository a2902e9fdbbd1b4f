"""`watch` on loaders and datasets: they stay what they are, and are looked at once."""

import gc
import itertools
import pickle
import threading
import unittest
import warnings

import listener  # noqa: F401  (makes the package importable)
from test_watch import Case, numbers

import numpy as np

import batchlint


class Rows:
    """Like a Keras PyDataset, whose type is known by its name."""

    def __init__(self, count):
        self.count, self.ended, self.asked = count, 0, []

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        self.asked.append(index)
        if index >= self.count:
            raise IndexError(index)
        return np.full((2, 3), index, np.float32), np.arange(2)

    def on_epoch_end(self):
        self.ended += 1
        return "ended"


PyDataset = type("PyDataset", (Rows,), {"__module__": "keras.src.trainers.data_adapters.py_dataset_adapter"})


class Mine(PyDataset):
    workers = 4


class Datasets(Case):
    def test_it_stays_what_it_is(self):
        with self.listening():
            given = Mine(5)
            made = batchlint.watch(given)
            self.assertIsInstance(made, Mine)
            self.assertIsInstance(made, PyDataset)
            self.assertEqual((type(made).__name__, len(made), made.workers), ("Mine", 5, 4))
            made.count = 6
            self.assertEqual(len(given), 6)
            self.assertEqual(made.on_epoch_end(), "ended")
            self.assertEqual(given.ended, 1)

    def test_each_index_is_looked_at_once(self):
        with self.listening() as (listener, _):
            made = batchlint.watch(Mine(9), batches=3)
            for index in (0, 0, 5, 0, 5, 2, 1, 2):
                self.assertEqual(made[index][0][0, 0], index)
        self.assertEqual(len(listener.of("BATCH")), 3)
        self.assertEqual(made.asked, [0, 0, 5, 0, 5, 2, 1, 2])
        self.assertEqual(listener.of("HELLO")[0]["kind"], "keras.PyDataset")
        self.assertEqual(listener.of("HELLO")[0]["len"], 9)

    def test_a_short_one_ends_with_its_last_index(self):
        with self.listening() as (listener, _):
            made = batchlint.watch(Mine(2))
            made[1], made[0]
            self.assertEqual(listener.of("END")[0]["batches"], 2)

    def test_a_dropped_one_is_judged_by_what_it_gave(self):
        with self.listening() as (listener, _):
            made = batchlint.watch(Mine(90))
            made[7]
            made.on_epoch_end()  # Keras calls it before the first epoch, too
            made[8]
            self.assertEqual(listener.of("END"), [])
            del made
            gc.collect()
            self.assertEqual(listener.of("END")[0]["batches"], 2)

    def test_batches_of_other_processes_are_said_to_be_unchecked(self):
        given = Mine(9)
        given.use_multiprocessing = True
        with self.listening(), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            self.assertIsInstance(batchlint.watch(given), Mine)
        self.assertIn("not checked: Mine makes its batches in other processes", str(caught[0].message))

    def test_many_threads(self):
        with self.listening() as (listener, _):
            made = batchlint.watch(Mine(64), batches=20)
            came = {}

            def work(part):
                for index in range(part, 64, 8):
                    came[index] = made[index][0][0, 0]

            threads = [threading.Thread(target=work, args=(part,)) for part in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(came, {index: index for index in range(64)})
        self.assertEqual([message["i"] for message in listener.of("BATCH")], list(range(20)))

    def test_what_it_raises_passes_through(self):
        with self.listening() as (listener, _):
            made = batchlint.watch(Mine(2), batches=9)
            with self.assertRaises(IndexError):
                made[2]
            self.assertEqual(listener.of("ERROR")[0]["error"]["type"], "IndexError")
            made[0]
        self.assertEqual(listener.of("BATCH"), [])

    def test_findings_are_raised_where_the_batch_is_asked_for(self):
        with self.listening(errors=1):
            made = batchlint.watch(Mine(5), batches=2, on_findings="raise")
            made[0]
            with self.assertRaises(batchlint.FindingsError):
                made[1]
            made[2]

    def test_a_worker_gets_the_original(self):
        with self.listening():
            made = batchlint.watch(Mine(5))
            again = pickle.loads(pickle.dumps(made))
        self.assertIs(type(again), Mine)
        self.assertEqual(len(again), 5)


class Loader:
    """Re-iterable, like a DataLoader."""

    def __init__(self, count):
        self.count, self.num_workers = count, 0

    def __len__(self):
        return self.count

    def __iter__(self):
        return numbers(self.count)


DataLoader = type("DataLoader", (Loader,), {"__module__": "torch.utils.data.dataloader"})


class Slotted:
    __slots__ = ("rows",)

    def __init__(self, rows):
        self.rows = rows

    def __iter__(self):
        return iter(self.rows)


class Loaders(Case):
    def test_a_loader_stays_one_and_is_looked_at_once(self):
        with self.listening() as (listener, _):
            given = DataLoader(4)
            made = batchlint.watch(given, batches=3)
            self.assertIsInstance(made, DataLoader)
            self.assertEqual(len(made), 4)
            self.assertEqual([len(list(made)) for _ in range(3)], [4, 4, 4])
        self.assertEqual(len(listener.of("BATCH")), 3)
        self.assertEqual(len(listener.of("HELLO")), 1)
        self.assertEqual(listener.of("HELLO")[0]["kind"], "torch.DataLoader")

    def test_two_iterations_at_once(self):
        with self.listening() as (listener, _):
            made = batchlint.watch(DataLoader(4))
            self.assertEqual(len(list(zip(made, made))), 4)
        self.assertEqual(len(listener.of("BATCH")), 4)

    def test_lists_and_slotted_iterables_can_be_read_again(self):
        for given in (list(numbers(3)), Slotted(list(numbers(3)))):
            with self.listening() as (listener, _):
                made = batchlint.watch(given)
                first, second = list(made), list(made)
            self.assertEqual(len(listener.of("BATCH")), 3, type(given))
            self.assertTrue(all(one is other for one, other in zip(first, second)))
        self.assertEqual(made.rows[0][0].shape, (2, 3))

    def test_itertools_can_take_it(self):
        with self.listening():
            made = batchlint.watch(DataLoader(4), batches=2)
            self.assertEqual(len(list(itertools.islice(made, 3))), 3)


if __name__ == "__main__":
    unittest.main()
