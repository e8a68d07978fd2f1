//! `walk_sat` as a module for the worker.

tig_algorithms::export_algorithm!(satisfiability, tig_algorithms::walk_sat::solve);
