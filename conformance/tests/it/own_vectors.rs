//! All vector files of the repository, one test a file, so that the names in a report say what broke.

use std::path::PathBuf;

use tig_conformance::{Conformance, FileOutcome};

#[track_caller]
fn conforms(folder: PathBuf, name: &str) {
    let conformance = Conformance::new(&folder).unwrap();
    let outcome = conformance.run(name);
    let FileOutcome::Ran(report) = &outcome else {
        panic!("{name}: {outcome}");
    };
    assert!(
        report.tally.failed == 0 && report.tally.passed > 0,
        "{name}: {outcome}"
    );
}

macro_rules! files {
    ($folder:expr, not run $not_run:expr; $($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                conforms($folder, stringify!($name));
            }
        )*

        /// A file that is added to the folder is added here.
        #[test]
        fn all_files_are_run() {
            let not_run: &[&str] = &$not_run;
            let known = [$(stringify!($name)),*];
            let conformance = Conformance::new(&$folder).unwrap();
            // Names of messages have dots: `all_examples_of_messages_are_run` is for them.
            let names = conformance.names().unwrap();
            for name in names.iter().filter(|name| !name.contains('.')) {
                let name = name.as_str();
                assert!(known.contains(&name) != not_run.contains(&name), "{name}");
            }
        }
    };
}

files! {
    Conformance::default_folder(), not run ["difficulty_sampler", "timings"];
    cli
    compute_batch
    compute_solution
    frontiers
    instances_knapsack
    instances_satisfiability
    instances_vector_search
    instances_vehicle_routing
    merkle
    output_hash
    precise_number
    seeds
    verify_knapsack
    verify_satisfiability
    verify_vector_search
    verify_vehicle_routing
    vm
    wasms
}

/// Files of the ComputeHorde validator.
mod horde {
    use super::*;

    files! {
        Conformance::default_folder().join("horde"), not run [];
        cap_weights
        encrypted_hotkey
        epoch_boundaries
        formula_vectors
        mock_answers
        presigned_urls
        vectors
        weights_commit_reveal
    }

    #[test]
    fn all_examples_of_messages_are_run() {
        let folder = Conformance::default_folder().join("horde");
        let names = Conformance::new(&folder).unwrap().names().unwrap();
        let is_message = |name: &&String| name.starts_with("mv.") || name.starts_with("fv.");
        let mut count = 0;
        for name in names.iter().filter(is_message) {
            if name.ends_with(".examples") {
                conforms(folder.clone(), name);
                count += 1;
            }
        }
        assert_eq!(count, 25);
    }

    /// The rows for the last block of an epoch.
    #[test]
    fn deviations_are_the_last_blocks_of_epochs() {
        let conformance = Conformance::new(&Conformance::default_folder().join("horde")).unwrap();
        for (name, expected) in [("epoch_boundaries", 35), ("formula_vectors", 2)] {
            let tally = conformance.run(name).tally();
            assert_eq!(tally.deviations, expected, "{name}");
        }
    }
}
