//! `completions`.

use crate::support::run;

#[test]
fn each_shell_completes_all_commands() {
    let home = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let said = run(home.path(), &["completions", shell]);
        assert_eq!(said.code, 0, "{}", said.all());
        for command in ["provision-s3", "doctor", "fetch_receipts", "constance"] {
            assert!(said.stdout.contains(command), "{shell}: {command}");
        }
    }
    assert_eq!(run(home.path(), &["completions", "tcsh"]).code, 2);
}
