//! Programs in trouble, and programs that only do odd things.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::program::{Program, python};

#[test]
fn whatever_a_program_prints_the_report_is_the_only_thing_on_stdout() {
    let program = Program::new(
        "def gen():\n    for i in range(3):\n        print('printed', i)\n        os.write(1, b'written\\n')\n        os.system('echo echoed')\n        \
         print('complained', file=sys.stderr)\n        sys.stdout.write('BLF1 is no frame')\n        yield good()\n",
    );
    let came = program.run(&["train.py:gen"]);
    assert_eq!((came.code(), came.batches()), (0, 3), "{:#}", came.report);
    for text in ["printed 2", "written", "echoed", "complained", "BLF1 is no frame"] {
        assert!(came.stderr().contains(text), "{text}: {}", came.stderr());
    }
}

#[test]
fn an_exception_is_a_finding_and_the_batches_before_it_are_judged() {
    let program = Program::new(
        "def gen():\n    for i in range(5):\n        if i == 2:\n            try:\n                {}['x']\n            except KeyError as error:\n                \
         raise ValueError('bad row') from error\n        yield np.full((4, 3), np.nan)\n",
    );
    let came = program.run(&["train.py:gen"]);
    let finding = came.program_error("ValueError: bad row at batch 2");
    assert!(finding["cause"].as_str().unwrap().contains("KeyError"), "{finding:#}");
    assert_eq!(came.batches(), 2);
    assert_eq!(came.finding("non-finite-values")["count"], 2);
}

#[test]
fn batches_end_with_the_generator_with_the_limit_or_with_the_time() {
    let program = Program::new(
        "def three():\n    for _ in range(3):\n        yield good()\n\n\ndef endless():\n    while True:\n        time.sleep(0.05)\n        yield good()\n",
    );
    assert_eq!(program.run(&["train.py:three"]).batches(), 3);
    assert_eq!(program.run(&["train.py:endless", "--batches", "4"]).batches(), 4);
    let slow = program.run(&["train.py:endless", "--time-limit", "0.5", "--batches", "1000"]);
    assert!((1..1000).contains(&slow.batches()) && slow.code() == 0, "{:#}", slow.report);
}

#[test]
fn what_a_generator_raises_when_it_is_closed_is_told() {
    let program = Program::new(
        "def gen():\n    try:\n        while True:\n            yield good()\n    finally:\n        raise RuntimeError('lost the file')\n",
    );
    let came = program.run(&["train.py:gen", "--batches", "2"]);
    let finding = came.finding("program-error");
    assert_eq!((finding["level"].as_str(), came.code(), came.batches()), (Some("warning"), 0, 2));
    assert!(finding["found"].as_str().unwrap().contains("lost the file"), "{finding:#}");
}

#[test]
fn a_program_that_leaves_is_told_apart_from_one_that_fails() {
    let program = Program::new(
        "def exits():\n    yield good()\n    sys.exit(5)\n\n\ndef leaves():\n    yield good()\n    os._exit(7)\n\n\ndef crashes():\n    yield good()\n    \
         import ctypes\n    ctypes.string_at(0)\n",
    );
    program.run(&["train.py:exits"]).program_error("sys.exit(5) at batch 1");
    program.run(&["train.py:leaves"]).program_error("exit code 7");
    let came = program.run(&["train.py:crashes"]);
    let finding = came.program_error("SIGSEGV");
    let detail = finding["places"][0]["detail"].as_str().unwrap();
    assert!(detail.contains("train.py:24 in crashes"), "{detail}");
    assert_eq!(came.batches(), 1);
}

#[test]
fn a_program_that_hangs_is_ended_and_its_line_is_named() {
    let program = Program::new(
        "import re\n\n\ndef sleeps():\n    yield good()\n    time.sleep(600)\n\n\ndef spins():\n    yield good()\n    \
         # The interpreter is not asked for as long as this runs.\n    re.match('(a+)+$', 'a' * 60 + 'b')\n",
    );
    for (name, line) in [("sleeps", "train.py:16 in sleeps"), ("spins", "train.py:22 in spins")] {
        let came = program.run(&[&format!("train.py:{name}"), "--timeout", "1.5"]);
        let finding = came.program_error("so it was ended");
        let detail = finding["places"][0]["detail"].as_str().unwrap_or_else(|| panic!("{finding:#}"));
        assert!(detail.contains(line), "{detail}");
        assert_eq!(came.batches(), 1);
    }
}

#[test]
fn a_program_that_is_silent_is_told_where_it_is() {
    let program = Program::new("def gen():\n    yield good()\n    time.sleep(6.5)\n    yield good()\n");
    let came = program.run(&["train.py:gen"]);
    assert!(
        came.stderr().contains("no batch 1 yet after ") && came.stderr().contains("train.py:13 in gen\n"),
        "{}",
        came.stderr()
    );
    assert_eq!((came.code(), came.batches()), (0, 2));
}

#[test]
fn memory_is_limited_in_the_program_and_the_line_is_named() {
    let program = Program::new("def gen():\n    yield good()\n    yield np.ones((1 << 20, 1 << 14), np.float32)\n");
    let came = program.run(&["train.py:gen", "--max-memory", "6 GiB"]);
    let finding = came.program_error("MemoryError");
    assert!(finding["found"].as_str().unwrap().contains("64.0 GiB"), "{finding:#}");
}

/// A memory group of the kernel with 400 MB, where we may make one: as the superuser, with either kind of groups.
fn memory_group() -> Option<(PathBuf, &'static str)> {
    let name = format!("batchlint-{}", std::process::id());
    for (root, limit, members) in
        [("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "tasks"), ("/sys/fs/cgroup", "memory.max", "cgroup.procs")]
    {
        let group = Path::new(root).join(&name);
        if fs::create_dir(&group).is_ok() {
            if fs::write(group.join(limit), "400000000").is_ok() {
                return Some((group, members));
            }
            let _ = fs::remove_dir(&group);
        }
    }
    None
}

#[test]
fn a_program_that_the_kernel_killed_for_memory_is_told_so() {
    let Some((group, members)) = memory_group() else {
        // Nothing is asserted where the kernel does not let us: the counters are read in a unit test.
        eprintln!("not run: no memory group of the kernel can be made here");
        return;
    };
    let program = Program::new(
        "def gen():\n    kept = []\n    while True:\n        kept.append(np.ones(1 << 22, np.float32))\n        yield good()\n",
    );
    let inside = program.command(&["--format", "json", "--batches", "1000", "train.py:gen"]);
    let mut command = Command::new("sh");
    command.args(["-c", "echo $$ > \"$0\" && exec \"$@\""]).arg(group.join(members)).arg(inside.get_program());
    command.args(inside.get_args()).current_dir(program.folder.path());
    command.envs(inside.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let came = program.came(command.output().unwrap());
    let _ = fs::remove_dir(&group);
    assert_eq!(came.finding("program-error")["message"], "the program ran out of memory and the kernel killed it");
    assert!(came.batches() > 0 && came.code() == 1);
}

#[test]
fn a_program_that_closes_the_channel_is_blamed_for_it() {
    let program = Program::new("def gen():\n    yield good()\n    os.closerange(3, 4096)\n    yield good()\n");
    let came = program.run(&["train.py:gen"]);
    assert_eq!(came.finding("program-error")["message"], "the program broke the channel to batchlint");
    assert_eq!((came.code(), came.batches()), (1, 1));
}

#[test]
fn processes_of_the_program_do_not_disturb_and_do_not_stay() {
    let body = "import multiprocessing as mp\n\n\ndef double(x):\n    return x * 2\n\n\ndef gen(how):\n    with mp.get_context(how).Pool(2) as pool:\n        \
                for i in range(3):\n            yield np.asarray(pool.map(double, [i + 1.0] * 4), np.float32)\n\n\ndef orphans():\n    \
                import subprocess\n    subprocess.Popen(['sleep', '600'])\n    while True:\n        yield good()\n";
    let program = Program::new(body);
    for how in ["fork", "spawn"] {
        let came = program.run(&["train.py:gen", "--arg", &format!("how={how}")]);
        assert_eq!((came.code(), came.batches()), (0, 3), "{how}: {:#}", came.report);
    }
    assert_eq!(program.run(&["train.py:orphans", "--batches", "2"]).batches(), 2);
}

#[test]
fn every_kind_of_array_is_described() {
    let program = Program::new(
        "def gen():\n    base = np.arange(12.0, dtype=np.float32).reshape(4, 3)\n    kinds = dict(\n        masked=np.ma.masked_less(base, 3),\n        \
         matrix=np.matrix(base),\n        view=memoryview(base),\n        buffer=bytearray(b'abcd'),\n        \
         structured=np.zeros(4, [('x', '<f4'), ('y', '<i4', (3,))]),\n        big=base.astype('>f4'),\n        wide=np.broadcast_to(base[:, :1], (4, 3)),\n        \
         turned=base.T.copy().T,\n        back=base[:, ::-1],\n        none=None,\n        text='word',\n        number=3,\n        zero=np.zeros((0, 3)),\n        \
         scalar=np.float32(1),\n        objects=np.array([1, 'a', None], object),\n    )\n    yield kinds\n",
    );
    let came = program.run(&["train.py:gen", "--save", "dump"]);
    assert_eq!(came.batches(), 1, "{:#}", came.report);
    let script = "import numpy as np, sys; sys.path.insert(0, '.'); import train\nkinds = next(train.gen())\nwith np.load('dump/batch_000000.npz') as saved:\n    \
                  print(sorted(saved.files))\n    for name in saved.files:\n        want = np.asarray(kinds[name] if name != 'buffer' else np.frombuffer(kinds[name], np.uint8))\n        \
                  want = want.data if name == 'masked_' else want\n        got = saved[name]\n        assert got.dtype == want.dtype and got.shape == want.shape and got.tobytes() == np.ascontiguousarray(want).tobytes(), name\n";
    let checked = Command::new(python()).args(["-c", script]).current_dir(program.folder.path()).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let names = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(names.contains("'structured'") && names.contains("'big'") && !names.contains("'objects'"), "{names}");
    assert!(came.stderr().contains("left out, as they have no bytes to save: objects"), "{}", came.stderr());
}

#[test]
fn ctrl_c_stops_the_program_and_what_was_seen_is_judged() {
    let program = Program::new(
        "def gen():\n    yield np.full((4, 3), np.nan)\n    open('ready', 'w').close()\n    time.sleep(600)\n\n\ndef stubborn():\n    yield good()\n    \
         while True:\n        try:\n            open('ready', 'w').close()\n            time.sleep(600)\n        except KeyboardInterrupt:\n            pass\n",
    );
    for name in ["gen", "stubborn"] {
        let mut command = program.command(&[&format!("train.py:{name}"), "--format", "json"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let ready = program.folder.path().join("ready");
        while !ready.exists() {
            std::thread::sleep(Duration::from_millis(20));
        }
        let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        assert!(interrupted.success());
        let came = program.came(child.wait_with_output().unwrap());
        fs::remove_file(ready).unwrap();
        assert_eq!((came.code(), came.batches()), (2, 1), "{name}: {:#}", came.report);
        assert_eq!(came.report["status"], "interrupted");
    }
}

#[test]
fn what_cannot_be_run_is_trouble_and_says_what_to_type() {
    let program = Program::new(
        "def batches(steps):\n    yield good()\n\n\nclass Loader:\n    def __init__(self, n):\n        pass\n",
    );
    let told = |arguments: &[&str]| {
        let came = program.run(arguments);
        assert_eq!(came.code(), 2, "{:#}", came.report);
        let error = &came.report["errors"][0];
        format!("{} | {}", error["message"].as_str().unwrap(), error["help"].as_str().unwrap_or_default())
    };
    let missing = told(&["train.py:batchs"]);
    assert!(missing.contains("no `batchs` in train.py") && missing.contains("train.py:batches"), "{missing}");
    let needs = told(&["train.py:batches"]);
    assert!(needs.contains("steps") && needs.contains("--arg steps="), "{needs}");
    assert!(told(&["train.py:Loader"]).contains("train.py:Loader("), "the expression form is suggested");
    assert!(told(&["nowhere.py:batches"]).contains("nowhere.py"));
    assert!(told(&["nowhere.py"]).contains("nowhere.py"));
    assert!(told(&["train"]).contains("names nothing to run"));
    let failing = Program::new("raise RuntimeError('no data today')\n");
    let came = failing.run(&["train.py:gen"]);
    assert_eq!(came.code(), 2);
    let text = came.report["errors"][0].to_string();
    assert!(text.contains("RuntimeError: no data today"), "{text}");
}

#[test]
fn arguments_and_expressions_reach_the_program() {
    let program = Program::new(
        "def batches(rows, *, dtype='float32'):\n    assert sys.argv[1:] == ['--fast', 'x'], sys.argv\n    yield np.ones((rows, 3), dtype)\n\n\nclass Loader:\n    \
         def __init__(self, n):\n        self.n = n\n\n    def batches(self):\n        for _ in range(self.n):\n            yield good()\n",
    );
    let came = program.run(&["train.py:batches", "--arg", "rows=7", "--arg", "dtype=float64", "--", "--fast", "x"]);
    assert_eq!(came.report["coverage"]["samples"], 7, "{:#}", came.report);
    assert_eq!(program.run(&["train.py:Loader(n=4).batches()"]).batches(), 4);
    assert_eq!(program.run(&["train.py::Loader(n=2).batches()", "--import", "slice"]).batches(), 2);
}
