//! All vector files of the repository, one test a file, so that the names in a report say what broke.

use tig_conformance::{Conformance, FileOutcome};

#[track_caller]
fn conforms(name: &str) {
    let conformance = Conformance::new(&Conformance::default_folder()).unwrap();
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
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                conforms(stringify!($name));
            }
        )*

        /// A file that is added to the folder is added here.
        #[test]
        fn all_files_are_run() {
            let not_run = ["difficulty_sampler", "timings"];
            let known = [$(stringify!($name)),*];
            let conformance = Conformance::new(&Conformance::default_folder()).unwrap();
            for name in conformance.names().unwrap() {
                let name = name.as_str();
                assert!(known.contains(&name) != not_run.contains(&name), "{name}");
            }
        }
    };
}

files! {
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
