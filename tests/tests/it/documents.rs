//! What shells and manuals know of the programs.

use std::process::Command;

use tig_system_tests::Artifacts;

#[test]
fn each_program_has_completions_and_manual() {
    let artifacts = Artifacts::of_running_test().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let run = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(artifacts.program(program));
        let output = command.args(arguments).current_dir(&folder).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{program}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    for (program, word) in [
        ("compute-horde", "provision-s3"),
        ("tig-devnet", "--block-ms"),
        ("tig-host", "support-bundle"),
        ("tig-slave", "--token-file"),
        ("tig-worker", "compute_batch"),
    ] {
        for shell in ["bash", "zsh", "fish"] {
            let script = run(program, &["completions", shell]);
            let word = word.trim_start_matches("--");
            assert!(script.contains(word), "{shell}: no {word} of {program}");
        }
        let page = run(program, &["man"]);
        assert!(page.contains(".SH NAME"), "{page}");
        run(program, &["man", "pages"]);
        let file = folder.path().join(format!("pages/{program}.1"));
        assert!(file.exists(), "no page of {program}");
    }
}
