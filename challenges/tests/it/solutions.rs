//! Solutions that do not count: each broken rule has its name.

use serde_json::json;
use tig_challenges::{
    ChallengeKind, Instance, InvalidSolution, knapsack, satisfiability, vector_search,
    vehicle_routing,
};

#[test]
fn an_assignment_must_satisfy_each_clause() {
    let instance = satisfiability::Instance {
        seed: [0; 32],
        num_variables: 2,
        clauses_to_variables_percent: 100,
        clauses: vec![[1, 1, 2], [-1, -1, -2]],
    };
    let verify = |variables: &[bool]| {
        let variables = variables.to_vec();
        instance.verify(&satisfiability::Solution { variables })
    };
    assert_eq!(verify(&[true, false]), Ok(()));
    let (expected, actual) = (2, 1);
    let number = InvalidSolution::NumVariables { expected, actual };
    assert_eq!(verify(&[true]), Err(number));
    let clause = |clause| InvalidSolution::UnsatisfiedClause { clause };
    assert_eq!(verify(&[false, false]), Err(clause(0)));
    assert_eq!(verify(&[true, true]), Err(clause(1)));
}

#[test]
fn a_selection_must_fit_and_be_worth_enough() {
    let instance = knapsack::Instance {
        seed: [0; 32],
        better_than_baseline: 0,
        weights: vec![3, 4, 5],
        values: vec![10, 20, 30],
        max_weight: 8,
        min_value: 40,
    };
    let verify = |items: &[usize]| {
        let items = items.to_vec();
        instance.verify(&knapsack::Solution { items })
    };
    assert_eq!(verify(&[2, 0]), Ok(()));
    assert_eq!(verify(&[0, 0]), Err(InvalidSolution::DuplicateItems));
    let unknown = InvalidSolution::ItemOutOfBounds { item: 3 };
    assert_eq!(verify(&[0, 3]), Err(unknown));
    let heavy = InvalidSolution::TooHeavy { total: 9, max: 8 };
    assert_eq!(verify(&[1, 2]), Err(heavy));
    let cheap = InvalidSolution::TooCheap { total: 30, min: 40 };
    assert_eq!(verify(&[0, 1]), Err(cheap));
}

#[test]
fn routes_must_visit_each_node_once_within_limits() {
    let instance = vehicle_routing::Instance {
        seed: [0; 32],
        better_than_baseline: 0,
        demands: vec![0, 6, 6],
        distances: vec![0, 3, 4, 3, 0, 5, 4, 5, 0],
        max_total_distance: 14,
        max_capacity: 10,
    };
    let verify = |routes: &[&[usize]]| {
        let routes = routes.iter().map(|route| route.to_vec()).collect();
        instance.verify(&vehicle_routing::Solution { routes })
    };
    assert_eq!(verify(&[&[0, 1, 0], &[0, 2, 0]]), Ok(()));
    for route in [&[0, 0][..], &[1, 2], &[0, 1], &[]] {
        let malformed = InvalidSolution::MalformedRoute;
        assert_eq!(verify(&[route]), Err(malformed), "{route:?}");
    }
    let unknown = InvalidSolution::NodeOutOfBounds { node: 3 };
    assert_eq!(verify(&[&[0, 3, 0]]), Err(unknown));
    for twice in [&[&[0, 1, 0][..], &[0, 1, 0]][..], &[&[0, 0, 1, 0]]] {
        let repeated = InvalidSolution::NodeVisitedTwice;
        assert_eq!(verify(twice), Err(repeated), "{twice:?}");
    }
    let over = verify(&[&[0, 1, 2, 0]]);
    assert_eq!(over, Err(InvalidSolution::OverCapacity));
    let unvisited = verify(&[&[0, 1, 0]]);
    assert_eq!(unvisited, Err(InvalidSolution::UnvisitedNodes));
    let mut narrow = instance.clone();
    narrow.max_total_distance = 13;
    let routes = vec![vec![0, 1, 0], vec![0, 2, 0]];
    let far = InvalidSolution::TooFar { total: 14, max: 13 };
    assert_eq!(
        narrow.verify(&vehicle_routing::Solution { routes }),
        Err(far)
    );
}

#[test]
fn each_query_needs_the_index_of_a_vector() {
    let instance = vector_search::Instance::generate(&[5; 32], 1, 0).unwrap();
    let verify = |indexes: &[usize]| {
        let indexes = indexes.to_vec();
        instance.verify(&vector_search::Solution { indexes })
    };
    let (expected, actual) = (1, 2);
    let number = InvalidSolution::NumIndexes { expected, actual };
    assert_eq!(verify(&[0, 0]), Err(number));
    let end = vector_search::NUM_DATABASE;
    let unknown = InvalidSolution::IndexOutOfBounds { index: end, end };
    assert_eq!(verify(&[end]), Err(unknown));
}

#[test]
fn a_solution_of_another_shape_is_malformed() {
    let difficulties = [[50, 300], [40, 250], [50, 10], [10, 350]];
    let shapes = [
        json!({}),
        json!({"variables": [2], "sub_routes": 1, "routes": [[-1]], "items": [0.5], "indexes": "0"}),
    ];
    for (kind, difficulty) in ChallengeKind::ALL.into_iter().zip(difficulties) {
        let instance = Instance::generate(kind, &[1; 32], &difficulty).unwrap();
        for shape in &shapes {
            let verdict = instance.verify(shape.as_object().unwrap());
            assert!(
                matches!(verdict, Err(InvalidSolution::Malformed { .. })),
                "{kind:?}: {verdict:?}"
            );
        }
    }
}
