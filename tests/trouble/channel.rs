//! Programs that are no Python, or a broken one: whatever comes through the channel, the run ends with a report.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use super::tool::{batchlint, files, finished, output, project, told};

const MARK: &[u8] = b"batchlint-frames";
const START: u8 = 0;
const HELLO: u8 = 1;
const BATCH: u8 = 2;
const ERROR: u8 = 3;
const END: u8 = 4;
const PROGRESS: u8 = 5;
const SOURCE: u8 = 6;
const LOG: u8 = 7;
const SITE: u8 = 8;

/// What a frame has for a payload.
enum Payload<'p> {
    Band(&'p [u8]),
    Slot(u16, u64),
}

fn head(kind: u8, flags: u8, slot: u16, json: u32, payload: u64) -> Vec<u8> {
    let mut bytes = b"BLF1".to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(slot.to_le_bytes());
    bytes.extend(json.to_le_bytes());
    bytes.extend(0_u32.to_le_bytes());
    bytes.extend(payload.to_le_bytes());
    bytes
}

fn raw(kind: u8, json: &[u8], payload: &Payload<'_>) -> Vec<u8> {
    let length = u32::try_from(json.len()).unwrap();
    let (flags, slot, bytes, band) = match payload {
        Payload::Band(band) => (1, 0, band.len() as u64, *band),
        Payload::Slot(slot, bytes) => (2, *slot, *bytes, &b""[..]),
    };
    [head(kind, flags, slot, length, bytes), json.to_vec(), band.to_vec()].concat()
}

fn frame(kind: u8, json: &Value) -> Vec<u8> {
    raw(kind, json.to_string().as_bytes(), &Payload::Band(b""))
}

fn start() -> Vec<u8> {
    frame(START, &json!({ "v": 1, "python": "3.11.0", "executable": "fake" }))
}

fn hello() -> Vec<u8> {
    frame(
        HELLO,
        &json!({ "target": "train.py:gen", "run": 0, "kind": "generator", "class": "generator", "import_s": 0.1 }),
    )
}

fn leaf(more: &Value) -> Value {
    let mut leaf = json!({
        "path": [0], "py": "numpy.ndarray", "kind": "array", "via": "numpy", "descr": "<f4", "dtype": "float32", "shape": [4],
        "c": true, "f": true, "writeable": true, "aligned": true, "nbytes": 16, "off": 0, "len": 16,
    });
    leaf.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    leaf
}

fn batch(number: u64, more: &Value, payload: &Payload<'_>) -> Vec<u8> {
    let json = json!({ "run": 0, "i": number, "next_s": 0.1, "tree": "leaf", "leaves": [leaf(more)] });
    raw(BATCH, json.to_string().as_bytes(), payload)
}

fn good(number: u64) -> Vec<u8> {
    batch(number, &json!({}), &Payload::Band(&[0; 16]))
}

fn end() -> Vec<u8> {
    frame(END, &json!({ "run": 0, "reason": "exhausted", "batches": 1, "wall_s": 0.1 }))
}

/// What the program sends, and what it does in front of it and behind it, as a shell has it.
struct Fake {
    sends: Vec<u8>,
    before: &'static str,
    after: &'static str,
}

impl Fake {
    fn new(frames: &[Vec<u8>]) -> Self {
        Self { sends: [MARK.to_vec(), frames.concat()].concat(), before: "", after: "" }
    }

    /// Runs it in the place of Python. The folder also holds what the frames name.
    fn run_in(&self, folder: &Path, format: &str) -> (Option<i32>, String, String) {
        fs::write(folder.join("sends"), &self.sends).unwrap();
        let python = folder.join("fake");
        fs::write(&python, format!("#!/bin/sh\n{}\ncat sends\n{}\n", self.before, self.after)).unwrap();
        fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
        let arguments = ["run", "--python", "./fake", "train.py:gen", "--timeout", "2", "--format", format];
        told(output(&mut batchlint(folder, &arguments)))
    }

    /// The report of a run, which has to come, and has to say that something is wrong.
    fn run(&self) -> (i32, Value) {
        let folder = project();
        let (code, out, err) = self.run_in(folder.path(), "json");
        let report: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"));
        assert_eq!(files(folder.path()), ["fake", "sends"]);
        (code.unwrap(), report)
    }

    /// What the rule says that speaks of programs.
    fn fate(&self) -> String {
        let (code, report) = self.run();
        assert_eq!(code, 1, "{report:#}");
        let found = report["diagnostics"].as_array().unwrap();
        let finding = found.iter().find(|found| found["rule"] == "program-error");
        let finding = finding.unwrap_or_else(|| panic!("{report:#}"));
        format!("{}: {}", finding["message"].as_str().unwrap(), finding["found"].as_str().unwrap())
    }
}

#[test]
fn what_is_no_frame_breaks_the_channel() {
    let no_magic = Fake::new(&[start(), b"print says hello to everybody".to_vec()]);
    assert!(no_magic.fate().contains("what came is no frame"), "{}", no_magic.fate());
    for (json, payload) in [(u32::MAX, 0), (0, u64::MAX), (1 << 30, 1 << 62)] {
        let huge = Fake::new(&[start(), hello(), good(0), head(BATCH, 1, 0, json, payload)]);
        assert!(huge.fate().contains("is larger than the limit `frame_"), "{}", huge.fate());
    }
    for odd in [&b"{"[..], b"[]", b"\"x\"", b"{\"i\": -1}", b"\xff\xfe", "[".repeat(100_000).as_bytes()] {
        let fake = Fake::new(&[start(), hello(), good(0), raw(BATCH, odd, &Payload::Band(b""))]);
        assert!(fake.fate().contains("a frame says what no helper says"), "{}", fake.fate());
    }
}

#[test]
fn a_stream_that_ends_anywhere_is_told() {
    let whole = Fake::new(&[start(), hello(), good(0), good(1), end()]);
    assert_eq!(whole.run().0, 0, "{:#}", whole.run().1);
    for length in [0, 7, MARK.len(), MARK.len() + 3, MARK.len() + 24, whole.sends.len() - 200, whole.sends.len() - 1] {
        let cut = Fake { sends: whole.sends[..length].to_vec(), ..Fake::new(&[]) };
        assert!(cut.fate().contains("the program left without"), "{length}: {}", cut.fate());
    }
}

#[test]
fn silence_and_noise_are_ended_by_the_time_limit() {
    let silent = Fake { before: "sleep 1000", ..Fake::new(&[]) };
    assert!(silent.fate().contains("made no batch within `--timeout`"), "{}", silent.fate());
    let mute = Fake { after: "sleep 1000", ..Fake::new(&[start(), hello(), good(0)]) };
    assert!(mute.fate().contains("made no batch within `--timeout`"), "{}", mute.fate());
    // Frames without end that are no batches.
    for frame in
        [frame(LOG, &json!({ "message": "x" })), frame(PROGRESS, &json!({ "phase": "next" })), frame(200, &json!({}))]
    {
        let noise = Fake { before: "", after: "while cat sends; do :; done", ..Fake::new(&[]) };
        let noise = Fake { sends: frame, before: "printf batchlint-frames", ..noise };
        assert!(noise.fate().contains("made no batch within `--timeout`"), "{}", noise.fate());
    }
}

#[test]
fn output_without_end_before_the_first_frame_is_cut() {
    let loud = Fake { before: "yes", ..Fake::new(&[]) };
    let folder = project();
    let (code, out, err) = loud.run_in(folder.path(), "json");
    assert_eq!(code, Some(1), "{out}");
    assert!(err.len() < 3 << 20, "{} bytes", err.len());
}

#[test]
fn a_program_that_reads_no_acknowledgement_holds_nobody_up() {
    let folder = project();
    fs::write(folder.path().join("ring"), [0; 64]).unwrap();
    let ring = json!({ "path": "ring", "slots": 2, "slot_bytes": 32 });
    let mut frames = vec![frame(START, &json!({ "v": 1, "ring": ring })), hello()];
    frames.extend((0..500).map(|i| batch(i, &json!({}), &Payload::Slot(u16::try_from(i % 2).unwrap(), 16))));
    frames.push(end());
    // It never reads what it is told.
    let (code, out, err) = Fake::new(&frames).run_in(folder.path(), "json");
    let report: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"));
    assert_eq!(report["coverage"]["batches"], 500, "{code:?} {report:#}");
}

#[test]
fn slots_and_payloads_that_are_not_there_break_the_channel() {
    let folder = project();
    fs::write(folder.path().join("ring"), [0; 40]).unwrap();
    for (slots, slot_bytes, slot, bytes, what) in [
        (2_u16, 32_u64, 7_u16, 16_u64, "the payload is shorter"),
        (2, 32, 0, 8, "the payload is shorter"),
        (2, 32, 0, 1 << 20, "the payload is shorter"),
        (2, 32, 1, 16, "failed to fill whole buffer"),
        (u16::MAX, u64::MAX, 9, 16, ""),
    ] {
        let ring = json!({ "path": "ring", "slots": slots, "slot_bytes": slot_bytes });
        let frames = [
            frame(START, &json!({ "v": 1, "ring": ring })),
            hello(),
            batch(0, &json!({}), &Payload::Slot(slot, bytes)),
        ];
        let (code, out, _) = Fake::new(&frames).run_in(folder.path(), "concise");
        assert!(code == Some(1) && out.contains("broke the channel") && out.contains(what), "{slot} {bytes}: {out}");
    }
    let no_ring = Fake::new(&[start(), hello(), batch(0, &json!({}), &Payload::Slot(0, 16))]);
    assert!(no_ring.fate().contains("there is no ring"), "{}", no_ring.fate());
}

#[test]
fn pipes_in_the_place_of_the_ring_and_of_the_stacks_keep_nobody_waiting() {
    let folder = project();
    assert!(std::process::Command::new("mkfifo").arg(folder.path().join("pipe")).status().unwrap().success());
    for path in ["pipe", ".", "/dev/zero", "no/such/file"] {
        let ring = json!({ "path": path, "slots": 2, "slot_bytes": 32 });
        let frames = [frame(START, &json!({ "v": 1, "ring": ring, "dump": path })), hello(), good(0), end()];
        let (code, out, err) = Fake::new(&frames).run_in(folder.path(), "json");
        assert_eq!(code, Some(0), "{path}: {out}{err}");
    }
}

#[test]
fn arrays_that_lie_about_themselves_are_no_crash() {
    let lies = [
        json!({ "shape": [u64::MAX, u64::MAX] }),
        json!({ "shape": [1_u64 << 40], "len": 1_u64 << 42 }),
        json!({ "shape": vec![1; 100_000] }),
        json!({ "shape": [0], "len": 0, "off": u64::MAX }),
        json!({ "off": u64::MAX, "len": u64::MAX }),
        json!({ "off": 8 }),
        json!({ "len": 4 }),
        json!({ "descr": "<f99" }),
        json!({ "descr": [["x", "<f4"], ["x", [["y", "<f8"]]]] }),
        json!({ "descr": "|V0", "dtype": "void" }),
        json!({ "descr": "<U1000000000" }),
        json!({ "path": vec![json!("x"); 10_000] }),
        json!({ "objects": { "elements": u64::MAX, "kinds": [["x", u64::MAX, u64::MAX]], "shapes": [[[u64::MAX, 9], 1, 2]] }, "len": null }),
        json!({ "strides": [i64::MIN], "masked": u64::MAX, "nbytes": u64::MAX }),
        json!({ "unsent": "limit", "off": null, "len": null, "nbytes": u64::MAX }),
    ];
    for lie in lies {
        let fake = Fake::new(&[start(), hello(), good(0), batch(1, &lie, &Payload::Band(&[0; 16])), end()]);
        let (code, report) = fake.run();
        assert!(code < 2, "{lie}: {report:#}");
    }
}

#[test]
fn what_outlives_the_program_does_not_hold_the_channel_open() {
    let folder = project();
    let fake = Fake { after: "sleep 1000 & echo $! > /dev/fd/3", ..Fake::new(&[start(), hello(), good(0)]) };
    let fake = Fake { before: "exec 3> left", ..fake };
    let (code, out, _) = fake.run_in(folder.path(), "concise");
    assert!(code == Some(1) && out.contains("the program left without"), "{out}");
    let left = fs::read_to_string(folder.path().join("left")).unwrap();
    let state = fs::read_to_string(format!("/proc/{}/stat", left.trim())).unwrap_or_default();
    assert!(state.is_empty() || state.contains(") Z "), "it lives: {state}");
}

#[test]
fn what_a_program_says_of_itself_is_written_out() {
    let bad = "\u{1b}[31m\u{202e}\r\n::error::x</script>]]>";
    let raised = json!({ "type": bad, "module": bad, "message": bad, "notes": [bad], "text": bad,
        "frames": [{ "file": bad, "line": 1, "func": bad, "user": true }] });
    let fake = Fake::new(&[
        frame(START, &json!({ "v": 1, "python": bad, "executable": bad })),
        frame(
            HELLO,
            &json!({ "target": bad, "run": 0, "kind": "generator", "class": bad, "import_s": 0.1, "frameworks": { bad: bad } }),
        ),
        frame(LOG, &json!({ "message": bad })),
        frame(
            PROGRESS,
            &json!({ "phase": bad, "stalled_s": 9.0, "stack": [{ "file": bad, "line": 1, "func": bad, "user": true }] }),
        ),
        raw(
            SOURCE,
            json!({ "id": 0, "file": bad, "path": bad, "encoding": "utf-8", "on_disk": false }).to_string().as_bytes(),
            &Payload::Band(bad.as_bytes()),
        ),
        frame(
            SITE,
            &json!({ "id": 0, "source": 0, "file": bad, "func": bad, "kind": "yield", "how": "exact", "line": 1, "span": [1, 0, 1, 5], "through": [], "elements": [] }),
        ),
        batch(
            0,
            &json!({ "path": [bad], "py": bad, "device": bad, "descr": "<f8", "dtype": "float64", "shape": [2] }),
            &Payload::Band(&[255; 16]),
        ),
        batch(1, &json!({ "kind": "other", "py": bad, "repr": bad, "note": bad }), &Payload::Band(&[0; 16])),
        frame(ERROR, &json!({ "batch": 2, "what": "exception", "phase": "next", "message": bad, "error": raised })),
        frame(END, &json!({ "run": 0, "reason": "exception", "batches": 2, "wall_s": 0.1 })),
    ]);
    for format in ["full", "concise", "json", "jsonl", "sarif", "github", "gitlab", "junit", "html"] {
        let folder = project();
        let (code, out, err) = fake.run_in(folder.path(), format);
        assert_eq!(code, Some(1), "{format}: {out}{err}");
        super::escape::harmless(format, &out);
        super::escape::harmless("full", &err);
    }
}

#[test]
fn the_listener_hears_the_same_and_ends_as_well() {
    for sends in [
        Vec::new(),
        b"hello".to_vec(),
        start(),
        [start(), hello(), head(BATCH, 1, 0, u32::MAX, u64::MAX)].concat(),
        [start(), hello(), raw(BATCH, b"[", &Payload::Band(b""))].concat(),
        [start(), hello(), good(0), batch(1, &json!({ "shape": [u64::MAX] }), &Payload::Slot(9, 9))].concat(),
        [start(), hello(), good(0), end(), b"more".to_vec()].concat(),
    ] {
        let folder = project();
        let mut command = batchlint(folder.path(), &["listen"]);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        // It may have heard enough before the end.
        let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), &sends);
        let output = finished(child);
        let at = output.stdout.windows(5).rposition(|bytes| bytes == b"BLF1%").expect("the report is the last frame");
        let told: Value = serde_json::from_slice(&output.stdout[at + 24..]).unwrap();
        assert_eq!(told["exit_code"], output.status.code().unwrap(), "{told:#}");
        assert!(told["report"].is_object(), "{told:#}");
    }
}
