//! The helper that runs in the user's Python: one copy, which the wheel has as a package.

use std::collections::BTreeMap;

/// What is passed to `python -c`: it reads the rest from stdin.
pub(super) const BOOT: &str = include_str!("../../../python/batchlint/_capture/boot.py");

macro_rules! module {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../python/batchlint/_capture/", $name, ".py")))
    };
}

/// Every module of the helper, by name.
const MODULES: &[(&str, &str)] = &[
    module!("__init__"),
    module!("adapters"),
    module!("channel"),
    module!("declared"),
    module!("edits"),
    module!("elements"),
    module!("errors"),
    module!("flow"),
    module!("frames"),
    module!("imports"),
    module!("interrupts"),
    module!("leaves"),
    module!("loop"),
    module!("made"),
    module!("main"),
    module!("objects"),
    module!("origin"),
    module!("plan"),
    module!("position"),
    module!("program"),
    module!("reuse"),
    module!("ring"),
    module!("samples"),
    module!("seeds"),
    module!("site"),
    module!("slices"),
    module!("source"),
    module!("split"),
    module!("spy"),
    module!("target"),
    module!("tracer"),
    module!("tree"),
    module!("watchdog"),
];

/// The texts by name, as the bundle has them.
pub(super) fn modules() -> BTreeMap<&'static str, &'static str> {
    MODULES.iter().copied().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_module_is_in_the_bundle() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/python/batchlint/_capture");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "py"))
            .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
            .filter(|name| name != "boot")
            .collect();
        let bundled: BTreeSet<String> = MODULES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(bundled, files);
    }
}
