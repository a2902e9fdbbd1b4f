//! Clean data of many distributions, on which rules about values stay silent.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::Rule;
use super::testing::World;
use crate::diagnostic::Level;
use crate::spec::Framework;

/// How the values of an array are distributed, and the type that it has.
const KINDS: [(&str, &str); 12] = [
    ("normal", "float32"),
    ("uniform", "float32"),
    ("heavy", "float64"),
    ("log-normal", "float32"),
    ("sparse", "float32"),
    ("one-hot", "float32"),
    ("counts", "float32"),
    ("ids", "int64"),
    ("padded", "int32"),
    ("mask", "bool"),
    ("pixels", "uint8"),
    ("growing", "float32"),
];

const SHAPES: [&[u64]; 6] = [&[64], &[16, 3], &[40, 12], &[12, 10, 6], &[9, 3, 8, 8], &[9, 8, 8, 3]];

/// Runs a rule on clean data, declared and undeclared: nothing at warning or above.
pub(super) fn finds_nothing(rule: &Rule) {
    let data = (0..KINDS.len(), 0..SHAPES.len(), 1_usize..12, any::<u64>(), any::<bool>());
    let mut runner = TestRunner::new(Config { cases: 96, failure_persistence: None, ..Config::default() });
    runner
        .run(&data, |(kind, shape, batches, seed, declared)| {
            let ((kind, dtype), shape) = (KINDS[kind], SHAPES[shape]);
            let sizes: Vec<String> = shape.iter().map(ToString::to_string).collect();
            let text = format!("x: {dtype}[{}]", sizes.join(", "));
            let mut world = World::unspecified();
            if declared {
                let rest: Vec<String> = sizes[1..].iter().map(|size| format!(", {size}")).collect();
                world = World::new(Framework::Torch).input("x", dtype, &format!("batch{}", rest.concat()));
                world = match kind {
                    "uniform" => world.limits(0.0, 1.0),
                    "pixels" => world.limits(0.0, 255.0),
                    "one-hot" => world.limited(|values| values.within = Some(vec![0.0, 1.0])),
                    _ => world,
                };
            }
            for batch in 0..batches {
                let values = values(kind, shape, seed, batch as u64);
                world = world.values(&[(&text, &values)]);
            }
            for finding in world.judge(rule) {
                let level = finding.level.unwrap_or(rule.level);
                prop_assert!(level < Level::Warning, "{kind} {text}: {} ({})", finding.message, finding.found);
            }
            Ok(())
        })
        .unwrap();
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small whole numbers")]
fn values(kind: &str, shape: &[u64], seed: u64, batch: u64) -> Vec<f64> {
    let elements = shape.iter().product::<u64>();
    let row = elements / shape[0];
    let random = |i: u64, salt: u64| {
        let bytes: Vec<u8> = [seed, batch, i, salt].iter().flat_map(|part| part.to_le_bytes()).collect();
        ((xxhash_rust::xxh3::xxh3_64(&bytes) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    };
    let normal = |i: u64| (-2.0 * random(i, 1).ln()).sqrt() * (std::f64::consts::TAU * random(i, 2)).cos();
    let value = |i: u64| match kind {
        "normal" => normal(i),
        "uniform" => random(i, 0),
        "heavy" => (std::f64::consts::PI * (random(i, 0) - 0.5)).tan(),
        "log-normal" => (2.0 * normal(i)).exp(),
        "sparse" => {
            if random(i, 0) < 0.95 {
                0.0
            } else {
                random(i, 1)
            }
        }
        "one-hot" => f64::from(u8::from((random(i / row, 0) * row as f64) as u64 == i % row)),
        "counts" => (-random(i, 0).ln() * 3.0).floor(),
        "ids" => (random(i, 0) * 30_000.0).floor(),
        "padded" => {
            let length = (random(i / row, 7) * (row + 1) as f64) as u64;
            if i % row < length { 1.0 + (random(i, 0) * 500.0).floor() } else { 0.0 }
        }
        "mask" => f64::from(u8::from((random(i / row, 7) * (row + 1) as f64) as u64 > i % row)),
        "pixels" => (random(i, 0) * 256.0).floor(),
        _ => normal(i) * 1.8_f64.powf(batch as f64),
    };
    (0..elements).map(value).collect()
}
