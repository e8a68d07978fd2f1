//! `completions`.

use crate::support::run;

#[test]
fn each_shell_completes_all_commands() {
    let home = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let said = run(home.path(), &["completions", shell]);
        assert_eq!(said.code, 0, "{}", said.all());
        for command in ["provision-s3", "doctor", "fetch_receipts", "trusted-miner"] {
            assert!(said.stdout.contains(command), "{shell}: {command}");
        }
        // Nobody types what is not there any more.
        assert!(!said.stdout.contains("collectstatic"), "{shell}");
    }
    assert_eq!(run(home.path(), &["completions", "tcsh"]).code, 2);
}
