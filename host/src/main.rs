//! `tig-host`: the program around [`tig_host::main`].

use std::process::ExitCode;

fn main() -> ExitCode {
    tig_host::main()
}
