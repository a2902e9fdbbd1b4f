"""What is told of a leaf, and its bytes: compared with numpy's own."""

import array
import json
import os
import sys
import unittest

import numpy as np

from parent import ACK, HEAD, RING, capture, leaf_bytes
from batchlint._capture import leaves, reuse
from batchlint._capture.channel import Channel
from batchlint._capture.ring import Ring


def described(leaf, **more):
    header, body, _ = leaves.describe((0,), leaf, **more)
    json.dumps(header)
    return header, body


def written(body):
    buffer = bytearray(b"\xaa" * (body.count + 16))
    body.write(memoryview(buffer), 8)
    assert bytes(buffer[:8]) == bytes(buffer[-8:]) == b"\xaa" * 8
    return bytes(buffer[8:-8])


ARRAYS = {
    "plain": np.arange(12, dtype="f4").reshape(3, 4),
    "big endian": np.arange(12, dtype=">i8").reshape(3, 4),
    "transposed": np.arange(12, dtype="f8").reshape(3, 4).T,
    "strided": np.arange(24, dtype="u1").reshape(4, 6)[::2, ::-3],
    "broadcast": np.broadcast_to(np.arange(3, dtype="i2"), (4, 3)),
    "no elements": np.zeros((0, 5), "f4"),
    "zero-dimensional": np.array(3.5),
    "bool": np.array([True, False]),
    "complex": np.array([1 + 2j], "c8"),
    "text": np.array(["a", "bcd"]),
    "bytes": np.array([b"a", b"bcd"]),
    "empty text": np.array(["", ""]).astype("U0"),
    "time": np.array(["2020-01-01"], "M8[ns]"),
    "half": np.arange(3, dtype="f2"),
    "structured": np.array([(1, 2.5, b"x")], [("a", "<i4"), ("b", "<f8"), ("c", "S3")]),
    "nested": np.zeros(2, [("a", [("x", "<f4"), ("y", "<f4", (2, 3))]), ("b", "u1")]),
    "padded": np.zeros(3, np.dtype([("a", "u1"), ("b", "<f8")], align=True)),
    "unaligned": np.frombuffer(b"\0" * 9, "u1")[1:].view("f8"),
}


class Arrays(unittest.TestCase):
    def test_bytes_and_header_are_those_of_numpy(self):
        for name, given in ARRAYS.items():
            with self.subTest(name):
                header, body = described(given)
                self.assertEqual(written(body), given.tobytes("C"))
                self.assertEqual(bytes(body.view()), given.tobytes("C"))
                self.assertEqual(body.count, given.nbytes)
                self.assertEqual(header["shape"], list(given.shape))
                self.assertEqual(header["strides"], list(given.strides))
                self.assertEqual(header["c"], given.flags.c_contiguous)
                self.assertEqual(header["aligned"], given.flags.aligned)
                self.assertEqual(header["dtype"], given.dtype.name)
                wanted = np.lib.format.dtype_to_descr(given.dtype)
                self.assertEqual(header["descr"], json.loads(json.dumps(wanted)))

    def test_fields_that_no_header_can_tell_are_packed(self):
        dtype = np.dtype({"names": ["b", "a"], "formats": ["<f4", "<i4"], "offsets": [4, 0]})
        given = np.array([(1.5, 7), (2.5, 8)], dtype)
        header, body = described(given)
        self.assertEqual(header["descr"], [["b", "<f4"], ["a", "<i4"]])
        self.assertEqual(written(body), given.astype([("b", "<f4"), ("a", "<i4")]).tobytes())

    def test_subclasses(self):
        masked = np.ma.masked_array([1.0, 2.0, 3.0], mask=[0, 1, 0])
        header, body = described(masked)
        self.assertEqual((header["masked"], header["py"].rpartition(".")[2]), (1, "MaskedArray"))
        self.assertEqual(written(body), masked.data.tobytes())
        self.assertEqual(described(np.ma.masked_array([1.0]))[0]["masked"], 0)
        record = np.ma.masked_array([(1, 2.0), (3, 4.0)], dtype=[("a", "i4"), ("b", "f4")])
        record["b"][1] = np.ma.masked
        self.assertEqual(described(record)[0]["masked"], 1)
        matrix = np.asmatrix(np.eye(2))
        self.assertEqual(
            (described(matrix)[0]["shape"], written(described(matrix)[1])), ([2, 2], matrix.tobytes())
        )
        self.assertEqual(
            described(np.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f4")]))[0]["shape"], [1]
        )
        self.assertEqual(described(np.float32(3))[0]["descr"], "<f4")

    def test_a_subclass_of_the_user_is_not_run(self):
        class Loud(np.ndarray):
            def __array_finalize__(self, other):
                pass

            def __getattribute__(self, name):
                raise AssertionError(name)

        header, body = described(np.ndarray.view(np.arange(3.0), Loud))
        self.assertEqual((header["dtype"], written(body)), ("float64", np.arange(3.0).tobytes()))

    def test_objects(self):
        given = np.empty(4, object)
        given[:] = [np.zeros((2, 3), "f4"), np.zeros((2, 3), "f4"), np.zeros(5, "f8"), None]
        header, body = described(given)
        self.assertIsNone(body)
        self.assertEqual(header["unsent"], "object")
        self.assertEqual(
            header["objects"],
            {
                "elements": 4,
                "kinds": [["numpy.ndarray", 3, 0], ["builtins.NoneType", 1, 3]],
                "shapes": [[[2, 3], 2, 0], [[5], 1, 2]],
                "dtypes": [["float32", 2, 0], ["float64", 1, 2]],
            },
        )

    def test_objects_run_no_code(self):
        class Loud:
            def __getattr__(self, name):
                raise AssertionError(name)

            def __eq__(self, other):
                raise AssertionError

            __hash__ = None

        given = np.empty(1, object)
        given[0] = Loud()
        self.assertEqual(described(given)[0]["objects"]["kinds"][0][1:], [1, 0])

    def test_structured_with_objects_is_not_sent(self):
        header, body = described(np.zeros(2, [("a", "i4"), ("b", object)]))
        self.assertEqual((header["unsent"], body), ("object", None))

    def test_cast(self):
        header, body = described(np.array([1.5, 2.5]), cast="float32")
        self.assertEqual((header["dtype"], written(body)), ("float32", np.array([1.5, 2.5], "f4").tobytes()))


class Others(unittest.TestCase):
    def test_buffers(self):
        for given, dtype, content in [
            (bytearray(b"abc"), "uint8", b"abc"),
            (memoryview(b"abcdef")[::2], "uint8", b"ace"),
            (array.array("d", [1.0, 2.0]), "float64", np.array([1.0, 2.0]).tobytes()),
            (
                memoryview(np.arange(6, dtype="i2").reshape(2, 3).T),
                "int16",
                np.arange(6, dtype="i2").reshape(2, 3).T.tobytes(),
            ),
        ]:
            header, body = described(given)
            self.assertEqual((header["kind"], header["via"], header["dtype"]), ("array", "buffer", dtype))
            self.assertEqual((written(body), bytes(body.view())), (content, content))

    def test_plain_values(self):
        for given, kind, text in [
            (3, "scalar", "3"),
            (True, "scalar", "True"),
            (1.5, "scalar", "1.5"),
            ("abc", "text", "'abc'"),
            (b"x", "text", "b'x'"),
            (None, "none", None),
        ]:
            header, body = described(given)
            self.assertEqual((header["kind"], header.get("repr"), body), (kind, text, None))
        self.assertEqual(len(described("x" * 1000)[0]["repr"]), 80)
        self.assertEqual(described(list(range(100)))[0]["note"], "list of 100")
        self.assertEqual(described(object())[0]["kind"], "other")

    def test_a_number_too_long_to_print(self):
        self.assertEqual(described(10**5000)[0]["kind"], "scalar")

    def test_protocols(self):
        class Interface:
            __array_interface__ = np.arange(3, dtype="f4").__array_interface__

        class Converts:
            def __array__(self, dtype=None, copy=None):
                return np.arange(3, dtype="f4")

        class Fails:
            def __array__(self, dtype=None, copy=None):
                raise RuntimeError("not now")

        self.assertEqual(described(Converts())[0]["via"], "__array__")
        self.assertEqual(written(described(Converts())[1]), np.arange(3, dtype="f4").tobytes())
        self.assertEqual(described(Interface())[0]["via"], "__array_interface__")
        self.assertEqual(described(Fails())[0]["note"], "RuntimeError: not now")


class Reused(unittest.TestCase):
    def look(self, *batches):
        seen, found = reuse.Reuse(), []
        for index, leaf in enumerate(batches):
            found.append(seen.look(index, [0], leaf, np.ndarray.view(leaf, np.ndarray)))
        return found

    def test_one_buffer_again_and_again(self):
        buffer = np.zeros(8)
        self.assertEqual(
            self.look(buffer, buffer[:], buffer[:4])[1:],
            [{"batch": 0, "path": [0], "same": True}, {"batch": 1, "path": [0], "same": False}],
        )

    def test_views_of_one_bytearray(self):
        class Memory(bytearray):
            pass

        memory = Memory(64)
        seen = reuse.Reuse()
        for index in range(2):
            leaf = np.frombuffer(memory, "f4")
            again = seen.look(index, [0], leaf, leaf)
            del leaf
        self.assertEqual(again["batch"], 0)

    def test_other_parts_of_one_array(self):
        data = np.zeros((8, 6))
        self.assertEqual(self.look(data[:4], data[4:]), [None, None])
        self.assertEqual(self.look(data[:, :3], data[:, 3:]), [None, None])
        self.assertEqual(self.look(data[::2], data[1::2]), [None, None])
        self.assertIsNotNone(self.look(data[::2], data[::2])[1])
        self.assertIsNotNone(self.look(data, data[::-1])[1])

    def test_an_address_that_malloc_gave_out_again(self):
        seen, addresses = reuse.Reuse(), set()
        for index in range(20):
            leaf = np.zeros(100000)
            addresses.add(leaf.__array_interface__["data"][0])
            self.assertIsNone(seen.look(index, [0], leaf, leaf))
            del leaf
        self.assertLess(len(addresses), 20)

    def test_in_a_running_program(self):
        child = capture(
            """
            import numpy as np
            def gen():
                buffer = np.zeros((4, 3), "f4")
                for i in range(4):
                    buffer[:] = i
                    fresh = np.full(30000, i)
                    yield buffer, fresh
        """,
            options={"batches": None},
        )
        told = [[leaf.get("reuse") for leaf in batch["leaves"]] for batch in child.of("BATCH")]
        self.assertEqual(
            told, [[None, None]] + [[{"batch": i, "path": [0], "same": True}, None] for i in range(3)]
        )


class Payload(unittest.TestCase):
    TEXT = """
        import numpy as np
        def gen():
            for i in range(6):
                yield {"x": np.arange(30000, dtype="f8").reshape(3, 100, 100).transpose(0, 2, 1) + i, "y": np.arange(3, dtype=">i2")}
    """

    def check(self, child, flags):
        self.assertEqual(len(child.of("BATCH")), 6)
        for index, batch in enumerate(child.of("BATCH")):
            self.assertEqual(batch.flags, flags)
            x = np.arange(30000, dtype="f8").reshape(3, 100, 100).transpose(0, 2, 1) + index
            self.assertEqual(leaf_bytes(batch, batch["leaves"][0]), x.tobytes())
            self.assertEqual(leaf_bytes(batch, batch["leaves"][1]), np.arange(3, dtype=">i2").tobytes())
            self.assertEqual([leaf["off"] % 64 for leaf in batch["leaves"]], [0, 0])
        self.assertEqual([("tree" in batch.message) for batch in child.of("BATCH")], [True] + [False] * 5)

    @unittest.skipUnless(sys.platform.startswith("linux"), "memfd")
    def test_through_the_ring(self):
        def acknowledge(child, frame):
            # Always one batch late, so that both slots are needed.
            if frame.kind == "BATCH":
                late, child.late = getattr(child, "late", None), frame.slot
                if late is not None:
                    child.command(ACK, slot=late)

        child = capture(
            "import time\ntime.sleep(0.2)\n" + __import__("textwrap").dedent(self.TEXT),
            options={"batches": None},
            acknowledge=False,
            on_frame=acknowledge,
        )
        self.check(child, 2)
        self.assertEqual([batch.slot for batch in child.of("BATCH")], [0, 1, 0, 1, 0, 1])

    def test_a_slot_that_was_written_is_preferred(self):
        (commands, ours), (theirs, frames) = os.pipe(), os.pipe()
        channel, ring = Channel(commands, frames), Ring()

        def told(kind, slot=0, text=b""):
            os.write(ours, HEAD.pack(b"BLF1", kind, 0, slot, len(text), 0, 0) + text)

        told(RING, text=b'{"ok": true}')
        slots = [ring.claim(channel, 100000)]
        for _ in range(3):  # nothing makes it take new memory while it need not
            told(ACK, slots[-1])
            slots.append(ring.claim(channel, 100000))
        slots.append(ring.claim(channel, 100000))
        told(ACK, 1)
        told(ACK, 0)
        slots.append(ring.claim(channel, 100000))
        self.assertEqual(slots, [0, 0, 0, 0, 1, 0])
        self.assertIsNone(ring.claim(channel, 100))
        for descriptor in (commands, ours, theirs, frames, ring.fd):
            os.close(descriptor)
        ring.remove()

    def test_in_band(self):
        self.check(capture(self.TEXT, options={"batches": None}, ring=False), 1)
        self.check(capture(self.TEXT, options={"batches": None, "payload": "pipe"}), 1)

    def test_headers_only(self):
        child = capture(self.TEXT, options={"payload": "none"})
        self.assertEqual(
            {leaf["unsent"] for batch in child.of("BATCH") for leaf in batch["leaves"]}, {"headers"}
        )
        child = capture(self.TEXT, options={"max_batch_bytes": 100})
        self.assertEqual(
            {leaf["unsent"] for batch in child.of("BATCH") for leaf in batch["leaves"]}, {"limit"}
        )

    def test_the_answer_about_the_ring_sets_limits(self):
        answers = [({"ok": False, "max_batch_bytes": 100}, 100), ({"ok": False, "values": False}, 1 << 30)]
        for answer, most in answers:
            (commands, ours), (theirs, frames) = os.pipe(), os.pipe()
            channel = Channel(commands, frames)
            text = json.dumps(answer).encode()
            os.write(ours, HEAD.pack(b"BLF1", RING, 0, 0, len(text), 0, 0) + text)
            # More than the usual limit: it waits for the answer, which may say more.
            self.assertFalse(channel.allows(2 << 30))
            self.assertEqual((channel.ring, channel.allows(most), channel.allows(most + 1)), (False, True, False))
            self.assertEqual(channel.values, "values" not in answer)
            for descriptor in (commands, ours, theirs, frames):
                os.close(descriptor)

    def test_without_numpy(self):
        child = capture("def gen():\n    yield bytearray(b'abc'), 3\n")
        self.assertNotIn("numpy", child.one("HELLO").message)
        self.assertEqual(leaf_bytes(child.one("BATCH"), child.one("BATCH")["leaves"][0]), b"abc")


if __name__ == "__main__":
    unittest.main()
