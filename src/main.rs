//! Arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        use std::io::Write as _;
        // Nothing can be done when even this cannot be printed.
        let _ = writeln!(
            std::io::stderr(),
            "batchlint hit a bug and stopped: {panic}\nPlease report this text, and the command that you ran."
        );
    }));
    match std::panic::catch_unwind(batchlint::cli::main) {
        Ok(exit) => exit.into(),
        Err(_) => batchlint::exit::Exit::Trouble.into(),
    }
}
