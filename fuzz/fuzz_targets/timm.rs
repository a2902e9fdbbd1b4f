#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| batchlint_fuzz::import("config.json", data));
