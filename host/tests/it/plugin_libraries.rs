//! A plugin that needs a library from a place beside itself.
//!
//! The plugin is a shell around the fixture `counter`, which lies beside it as `libinner.so`.

use std::fs;
use std::process::Command;

use tig_host::PluginError;
use tig_host::testing::{FileFault, Loader, PluginFile};

use crate::support::{Home, fixture};

/// As an SDK wrote it that left no room for a digest.
const MANIFEST: &str = concat!(
    r#"{"name":"counter","version":"0.1.0","api_version":1,"panic":"unwind","events":[],"emits":["counted"],"#,
    r#""routes":["GET /total","POST /count/*"],"state_version":2}"#
);

/// Compiles the shell as the plugin `counter` of `home`, with its library in `folder`, seen from the plugin's.
fn install(home: &Home, folder: &str) {
    let bytes: Vec<String> = MANIFEST.bytes().map(|byte| byte.to_string()).collect();
    let code = format!(
        r#"__attribute__((section(".tigplug"), used)) const char MANIFEST[] = {{{}}};"#,
        bytes.join(",")
    );
    fs::write(home.path("shell.c"), code).unwrap();
    let place = home.path("plugins").join(folder);
    fs::create_dir_all(&place).unwrap();
    fs::copy(fixture("counter"), place.join("libinner.so")).unwrap();
    // The linker that Rust needs is a C compiler.
    let output = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .arg(home.path("plugins/libcounter.so"))
        .arg(home.path("shell.c"))
        .args(["-Wl,--no-as-needed", "-l:libinner.so", "-L"])
        .arg(place)
        .arg(format!("-Wl,--enable-new-dtags,-rpath,$ORIGIN/{folder}"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test]
async fn plugin_with_libraries_beside_it_runs() {
    for folder in ["", "deps", "../lib"] {
        let home = Home::new();
        install(&home, folder);
        let ran = home.tig_host(&["check", "config.json"]);
        assert_eq!(ran.stdout, "config.json: ok\n", "{folder}: {ran:?}");
        let host = home.start();
        assert_eq!(host.count(5).await, (200, "[5,1]".to_owned()), "{folder}");

        // The host runs a copy of the library too.
        fs::write(home.path("plugins").join(folder).join("libinner.so"), "").unwrap();
        assert_eq!(host.count(1).await, (200, "[6,2]".to_owned()), "{folder}");
    }
}

#[test]
fn missing_library_is_named_by_check_and_start() {
    let home = Home::new();
    install(&home, "");
    fs::remove_file(home.path("plugins/libinner.so")).unwrap();
    let check = home.tig_host(&["check", "config.json"]);
    let start = home.tig_host(&["config.json"]);
    for (code, said) in [(check.code, check.stdout), (start.code, start.stderr)] {
        assert_eq!(code, Some(4), "{said}");
        for part in ["libcounter.so", "needs the library libinner.so", "$ORIGIN"] {
            assert!(said.contains(part), "no {part:?} in: {said}");
        }
    }
}

#[tokio::test]
async fn changed_library_is_refused_until_the_next_start() {
    let home = Home::new();
    install(&home, "");
    let host = home.start();
    let library = home.path("plugins/libinner.so");
    let other = [&*fs::read(&library).unwrap(), b"another build"].concat();
    fs::write(&library, other).unwrap();
    let ran = home.tig_host(&["reload", "counter"]);
    assert_eq!(ran.code, Some(8), "{ran:?}");
    assert!(
        ran.stderr
            .contains("another build of libinner.so is loaded"),
        "{ran:?}"
    );
    assert_eq!(host.count(2).await, (200, "[2,1]".to_owned()));
    drop(host);
    let host = home.start();
    assert_eq!(host.count(2).await, (200, "[4,1]".to_owned()));
}

#[tokio::test]
async fn promoted_plugin_brings_its_libraries() {
    let home = Home::new();
    let host = home.start();
    host.count(1).await;
    fs::rename(home.path("plugins"), home.path("kept")).unwrap();
    fs::create_dir(home.path("plugins")).unwrap();
    install(&home, "");
    fs::rename(home.path("plugins"), home.path("new")).unwrap();
    fs::rename(home.path("kept"), home.path("plugins")).unwrap();
    for arguments in [
        &["shadow", "counter", "new/libcounter.so"][..],
        &["promote", "counter"],
    ] {
        let ran = home.tig_host(arguments);
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
    fs::remove_dir_all(home.path("new")).unwrap();
    drop(host);
    let host = home.start();
    assert_eq!(host.count(1).await, (200, "[2,1]".to_owned()));
}

#[test]
fn second_build_of_a_loaded_library_is_rejected() {
    let home = Home::new();
    install(&home, "");
    let path = home.path("plugins/libcounter.so");
    let loader = Loader::new(home.path("cache"), None);
    loader.load(&PluginFile::read(&path).unwrap()).ok().unwrap();
    let library = home.path("plugins/libinner.so");
    let other = [&*fs::read(&library).unwrap(), b"another build"].concat();
    fs::write(&library, other).unwrap();
    let rejected = loader
        .load(&PluginFile::read(&path).unwrap())
        .err()
        .unwrap();
    assert!(
        matches!(rejected, PluginError::LibraryLoaded { .. }),
        "{rejected}"
    );
}

#[test]
fn plugin_with_too_many_libraries_is_rejected() {
    const LIBRARIES: usize = 65;
    let home = Home::new();
    install(&home, "");
    fs::write(home.path("empty.c"), "").unwrap();
    let library = home.path("libempty.so");
    let folder = home.path("plugins");
    let names: Vec<String> = (0..LIBRARIES)
        .map(|index| format!("lib{index}.so"))
        .collect();
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([&library, &home.path("empty.c")])
        .output()
        .unwrap();
    assert!(compiled.status.success(), "{compiled:?}");
    for name in &names {
        fs::copy(&library, folder.join(name)).unwrap();
    }
    let shell = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([&folder.join("libcounter.so"), &home.path("shell.c")])
        .arg("-Wl,--no-as-needed,--enable-new-dtags,-rpath,$ORIGIN")
        .arg("-L")
        .arg(&folder)
        .args(names.iter().map(|name| format!("-l:{name}")))
        .output()
        .unwrap();
    assert!(shell.status.success(), "{shell:?}");
    let rejected = PluginFile::read(&folder.join("libcounter.so")).unwrap_err();
    let is_too_many = |source: &FileFault| matches!(source, FileFault::TooManyLibraries);
    assert!(
        matches!(&rejected, PluginError::NotAPlugin { source, .. } if is_too_many(source)),
        "{rejected}"
    );
}
