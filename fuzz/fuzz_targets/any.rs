//! One program for all targets, since each would be the whole of batchlint: `FUZZ=onnx cargo +nightly fuzz run any`.

#![no_main]

use std::sync::LazyLock;

static NAME: LazyLock<String> = LazyLock::new(|| std::env::var("FUZZ").expect("FUZZ names a target of src/targets.rs"));

libfuzzer_sys::fuzz_target!(|data: &[u8]| batchlint_fuzz::run(&NAME, data));
